#include "access/browser.h"

#include <gtest/gtest.h>

#include "runtime/io_threads.h"
#include "tests/support/fake_clock.h"

namespace kriya::access {
namespace {

/// Somebody acts in each session but the ended one.
class FixedSessions final : public BrowserSessions {
 public:
  const BrowserGate& gate() const override { return gate_; }
  Timestamp now() const override { return clock_.now(); }
  Task<Result<http::Principal>> principal(http::Caller caller) override {
    if (caller.browser->sid == "ended") co_return fail(Errc::missing_csrf_token, "ended");
    co_return http::Principal{.session = caller.browser->sid};
  }

  std::string cookie(const char* sid) const {
    const std::string set =
        gate_.cookies.set({.sid = sid, .person = true, .expires_at = clock_.now() + std::chrono::hours(1)});
    return set.substr(0, set.find(';'));
  }
  std::string csrf(const char* sid) const { return gate_.cookies.csrf_token(sid); }

 private:
  tests::FakeClock clock_;
  BrowserGate gate_{{Secret("a-master-key-of-more-than-32-bytes!!!!"), {}}, {"https://kriya.example", {}, {}}};
};

using Headers = std::vector<std::pair<const char*, std::string>>;

class RequireBrowser : public ::testing::Test {
 protected:
  /// The error code's name, or the session that was admitted.
  std::string admit(const http::AccessRule& rule, const Headers& headers) {
    http::Request request;
    request.set_start("POST", "/api/chat", 1);
    for (const auto& [name, value] : headers) request.add_header(name, value);
    http::Caller caller{.address = {},
                        .user_agent = {},
                        .request_id = {},
                        .deadline = Deadline::after(std::chrono::seconds(5)),
                        .bearer = {}};
    if (const auto checked = rule.check(request, caller); !checked) return std::string(name(checked.error().code));
    if (rule.confirm) {
      const auto confirmed = run_to_completion(rule.confirm(caller));
      if (!confirmed) return std::string(name(confirmed.error().code));
      EXPECT_EQ(caller.principal->session, caller.browser->sid);
    }
    return caller.browser ? caller.browser->sid : "nobody";
  }
  std::string admit(const Headers& headers) { return admit(require_browser(sessions_), headers); }

  FixedSessions sessions_;
  const std::string cookie_ = sessions_.cookie("mine");
  const std::string csrf_ = sessions_.csrf("mine");
};

TEST_F(RequireBrowser, AdmitsCookieAndToken) {
  EXPECT_EQ(admit({{"Cookie", cookie_}, {"X-CSRF-Token", csrf_}}), "mine");
  EXPECT_EQ(admit({{"Cookie", cookie_}, {"X-CSRF-Token", csrf_}, {"Origin", "https://kriya.example"}}), "mine");
}

TEST_F(RequireBrowser, MissesWhatIsNotThere) {
  EXPECT_EQ(admit({}), "missing_csrf_token");
  EXPECT_EQ(admit({{"Cookie", cookie_}}), "missing_csrf_token");
  EXPECT_EQ(admit({{"Cookie", cookie_}, {"X-CSRF-Token", ""}}), "missing_csrf_token");
  EXPECT_EQ(admit({{"X-CSRF-Token", csrf_}}), "missing_csrf_token");
  EXPECT_EQ(admit({{"Cookie", cookie_ + "x"}, {"X-CSRF-Token", csrf_}}), "missing_csrf_token");
  EXPECT_EQ(admit({{"Cookie", cookie_ + "; " + cookie_}, {"X-CSRF-Token", csrf_}}), "missing_csrf_token");
}

TEST_F(RequireBrowser, RefusesATokenOfAnotherSession) {
  EXPECT_EQ(admit({{"Cookie", cookie_}, {"X-CSRF-Token", sessions_.csrf("theirs")}}), "invalid_csrf_token");
  EXPECT_EQ(admit({{"Cookie", cookie_}, {"X-CSRF-Token", csrf_}, {"X-CSRF-Token", csrf_}}), "invalid_csrf_token");
}

TEST_F(RequireBrowser, ABearerTokenWaivesNothing) {
  EXPECT_EQ(admit({{"Cookie", cookie_}, {"Authorization", "Bearer good"}}), "missing_csrf_token");
  EXPECT_EQ(admit({{"Cookie", cookie_}, {"X-CSRF-Token", "x"}, {"Authorization", "Bearer good"}}),
            "invalid_csrf_token");
  EXPECT_EQ(admit({{"Authorization", "Bearer good"}, {"X-CSRF-Token", csrf_}}), "missing_csrf_token");
}

TEST_F(RequireBrowser, RefusesForeignPages) {
  for (const char* origin : {"https://evil.example", "null"}) {
    EXPECT_EQ(admit({{"Cookie", cookie_}, {"X-CSRF-Token", csrf_}, {"Origin", origin}}), "foreign_origin");
    EXPECT_EQ(admit(recognise_browser(sessions_), {{"Cookie", cookie_}, {"Origin", origin}}), "foreign_origin");
  }
  EXPECT_EQ(admit({{"Cookie", cookie_}, {"X-CSRF-Token", csrf_}, {"Sec-Fetch-Site", "cross-site"}}), "foreign_origin");
}

TEST_F(RequireBrowser, AsksForTheSessionNow) {
  const Headers ended{{"Cookie", sessions_.cookie("ended")}, {"X-CSRF-Token", sessions_.csrf("ended")}};
  EXPECT_EQ(admit(ended), "missing_csrf_token");
  EXPECT_EQ(admit(require_browser_session(sessions_), ended), "ended");
}

TEST_F(RequireBrowser, RecognisingRefusesNobodyForTheCookie) {
  const http::AccessRule rule = recognise_browser(sessions_);
  EXPECT_EQ(admit(rule, {{"Cookie", cookie_}}), "mine");
  EXPECT_EQ(admit(rule, {{"Cookie", cookie_ + "x"}}), "nobody");
  EXPECT_EQ(admit(rule, {}), "nobody");
}

}  // namespace
}  // namespace kriya::access
