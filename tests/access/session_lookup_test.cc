#include "access/session_lookup.h"

#include <gtest/gtest.h>

#include "runtime/io_threads.h"

namespace kriya::access {
namespace {

/// Everybody whose token is "good" may do what it is told.
class FixedLookup final : public SessionLookup {
 public:
  explicit FixedLookup(std::string scope) : scope_(std::move(scope)) {}
  Result<http::TokenClaims> read(std::string_view token) override {
    if (token != "good" && token != "revoked") return fail(Errc::invalid_token, "bad");
    return http::TokenClaims{{}, 0, std::string(token)};
  }
  Task<Result<Holder>> holder(http::TokenClaims claims, Deadline) override {
    if (claims.session == "revoked") co_return fail(Errc::invalid_token, "revoked");
    co_return Holder{{}, scope_};
  }

 private:
  std::string scope_;
};

/// The error code's name, or "admitted".
std::string admit(const char* scope, const char* target, const char* header) {
  FixedLookup lookup(scope);
  const http::AccessRule rule = require_scope(lookup, "messages:send");
  http::Request request;
  request.set_start("GET", target, 1);
  if (*header != '\0') request.add_header("Authorization", header);
  http::Caller caller{.address = {},
                      .user_agent = {},
                      .request_id = {},
                      .deadline = Deadline::after(std::chrono::seconds(5)),
                      .bearer = {}};
  if (const auto checked = rule.check(request, caller); !checked) return std::string(name(checked.error().code));
  const auto confirmed = run_to_completion(rule.confirm(caller));
  return confirmed ? "admitted" : std::string(name(confirmed.error().code));
}

TEST(RequireScope, AdmitsWhoseScopeHasTheWord) {
  EXPECT_EQ(admit("messages:send", "/", "Bearer good"), "admitted");
  EXPECT_EQ(admit("messages:read messages:send", "/", "bearer good"), "admitted");
}

TEST(RequireScope, RefusesEveryoneElse) {
  EXPECT_EQ(admit("", "/", "Bearer good"), "insufficient_scope");
  EXPECT_EQ(admit("messages:sender messages", "/", "Bearer good"), "insufficient_scope");
  EXPECT_EQ(admit("messages:send", "/", "Bearer revoked"), "invalid_token");
  EXPECT_EQ(admit("messages:send", "/", "Bearer forged"), "invalid_token");
  EXPECT_EQ(admit("messages:send", "/", "Basic good"), "invalid_token");
  EXPECT_EQ(admit("messages:send", "/", ""), "missing_token");
}

TEST(RequireScope, TakesNoTokenFromTheQuery) { EXPECT_EQ(admit("messages:send", "/?token=good", ""), "missing_token"); }

TEST(HasScope, KnowsWholeWordsOnly) {
  EXPECT_TRUE(has_scope("a b c", "b"));
  EXPECT_TRUE(has_scope("a  b", "b"));
  EXPECT_FALSE(has_scope("ab", "b"));
  EXPECT_FALSE(has_scope("", "b"));
}

TEST(OptionalBearer, RefusesNobody) {
  const http::AccessRule rule = optional_bearer();
  const auto bearer_after = [&](const char* header) {
    http::Request request;
    request.set_start("POST", "/", 1);
    if (*header != '\0') request.add_header("Authorization", header);
    http::Caller caller{.address = {},
                        .user_agent = {},
                        .request_id = {},
                        .deadline = Deadline::after(std::chrono::seconds(5)),
                        .bearer = {}};
    EXPECT_TRUE(rule.check(request, caller));
    return caller.bearer;
  };
  EXPECT_EQ(bearer_after("Bearer anything"), "anything");
  EXPECT_EQ(bearer_after("Basic anything"), "");
  EXPECT_EQ(bearer_after(""), "");
}

}  // namespace
}  // namespace kriya::access
