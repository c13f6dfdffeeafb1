#include "http/problem.h"

#include <set>

#include <gtest/gtest.h>

namespace kriya::http {
namespace {

std::optional<std::string> find_header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

TEST(Problem, EveryCodeHasANameAStatusAndATitleOfItsOwn) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Errc::http_version_not_supported); ++i) {
    const auto code = static_cast<Errc>(i);
    EXPECT_TRUE(names.insert(name(code)).second) << name(code);
    EXPECT_GE(status_of(code), 400) << name(code);
    EXPECT_NE(reason_phrase(status_of(code)), "Unknown") << name(code);
    EXPECT_FALSE(title_of(code).empty()) << name(code);
  }
}

TEST(Problem, IsTheDocumentOfTheContract) {
  const Error error{Errc::invalid_fields, "A field is not acceptable.", {{"email", "is \"odd\""}}};
  const Response response = problem_response(error, "req-1");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body, R"({"type":"urn:kriya:problem:invalid_fields","title":"Invalid fields","status":422,)"
                           R"("detail":"A field is not acceptable.","code":"invalid_fields","request_id":"req-1",)"
                           R"("error":"Invalid fields","errors":[{"field":"email","message":"is \"odd\""}]})");
}

TEST(Problem, BearsTheHeadersThatItsStatusDemands) {
  EXPECT_EQ(find_header(problem_response({Errc::missing_token, ""}, ""), "WWW-Authenticate"), "Bearer");
  EXPECT_EQ(find_header(problem_response({Errc::invalid_token, ""}, ""), "WWW-Authenticate"),
            "Bearer error=\"invalid_token\"");
  EXPECT_TRUE(find_header(problem_response({Errc::missing_api_key, ""}, ""), "WWW-Authenticate"));
  for (const Errc code : {Errc::unavailable, Errc::overloaded, Errc::too_many_requests}) {
    Error error{code, ""};
    EXPECT_EQ(find_header(problem_response(error, ""), "Retry-After"), "1") << name(code);
    error.retry_after = std::chrono::seconds(12);
    EXPECT_EQ(find_header(problem_response(error, ""), "Retry-After"), "12") << name(code);
  }
  EXPECT_FALSE(find_header(problem_response({Errc::not_found, ""}, ""), "Retry-After"));
}

}  // namespace
}  // namespace kriya::http
