#include "http/dispatcher.h"

#include <gtest/gtest.h>

#include "runtime/io_threads.h"

namespace kriya::http {
namespace {

using Scope = RateLimit::Scope;

/// Refuses the limits that it is told to, and remembers what it was asked.
class Scripted final : public RateLimiter {
 public:
  Task<Result<RateLimitVerdict>> take(const RateLimit& limit, std::string subject, Deadline) override {
    asked.push_back(limit.name + ":" + subject);
    if (limit.name == away) co_return fail(Errc::unavailable, "The counters are away.");
    co_return RateLimitVerdict{
        .allowed = limit.name != refused, .remaining = 7, .renewed = std::chrono::milliseconds(1500)};
  }

  std::string refused;
  std::string away;
  std::vector<std::string> asked;
};

/// The header "X-Key: good" is an accepted key and token, any other X-Key is refused, and none is fine.
Result<void> look_at_key(const Request& request, Caller& caller) {
  const auto key = request.header("X-Key");
  if (!key) return {};
  if (*key != "good") return fail(Errc::invalid_api_key, "wrong");
  caller.api_key_id = "key";
  caller.token = TokenClaims{*Uuid::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), 1};
  return {};
}

class Connected final : public Connection {
 public:
  std::stop_token gone() override { return {}; }
};

class DispatcherLimitsTest : public ::testing::Test {
 protected:
  /// One limit of each scope, named after it.
  void add(std::string path, std::function<Task<Response>(const Request&, const Caller&)> run) {
    Route route{.method = Method::get,
                .path = std::move(path),
                .access = {{.check = look_at_key}},
                .run = std::move(run),
                .describe = {}};
    route.limits = {{.name = "user", .scope = Scope::user, .requests = 10},
                    {.name = "api_key", .scope = Scope::api_key, .requests = 10},
                    {.name = "stranger", .scope = Scope::stranger, .requests = 10},
                    {.name = "address", .scope = Scope::address, .requests = 10}};
    router_.add(std::move(route));
  }
  Response get(std::string_view path, const char* key = nullptr, bool limited = true) {
    Request request;
    request.set_start("GET", path, 1);
    if (key != nullptr) request.add_header("X-Key", key);
    Dispatcher dispatcher({.is_trusted_proxy = {}, .allowed_origins = {}}, router_, limited ? &limiter_ : nullptr, log_,
                          metrics_);
    return run_to_completion(dispatcher.handle(request, "203.0.113.7", connection_));
  }
  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "(none)";
  }

  DispatcherLimitsTest() {
    add("/", [this](const Request&, const Caller&) {
      ++handled_;
      return answer_with({.body = "{}"});
    });
    add("/broken", [](const Request&, const Caller&) -> Task<Response> { throw std::runtime_error("a bug"); });
  }

  static Task<Result<void>> recognise(Caller& caller) {
    caller.principal = Principal{.client_id = "client_1"};
    co_return Result<void>();
  }

  telemetry::Log log_{{.level = telemetry::Level::error, .json = false, .file = "/dev/null"}};
  telemetry::Metrics metrics_;
  Router router_;
  Scripted limiter_;
  Connected connection_;
  int handled_ = 0;
};

using Asked = std::vector<std::string>;

TEST_F(DispatcherLimitsTest, AStrangerIsCountedByAddress) {
  const Response response = get("/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(limiter_.asked, (Asked{"address:203.0.113.7", "stranger:203.0.113.7"}));
  EXPECT_EQ(header(response, "RateLimit-Policy"), R"("address";q=10;w=60, "stranger";q=10;w=60)");
  EXPECT_EQ(header(response, "RateLimit"), R"("address";r=7;t=2, "stranger";r=7;t=2)");
}

TEST_F(DispatcherLimitsTest, AKnownCallerIsCountedByKeyAndUser) {
  EXPECT_EQ(get("/", "good").status, 200);
  EXPECT_EQ(limiter_.asked,
            (Asked{"address:203.0.113.7", "user:017f22e2-79b0-7cc3-98c4-dc0c0c07398f:1", "api_key:key"}));
}

TEST_F(DispatcherLimitsTest, AWrongKeyIsCountedAsAStrangers) {
  const Response response = get("/", "wrong");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(limiter_.asked, (Asked{"address:203.0.113.7", "stranger:203.0.113.7"}));
  EXPECT_NE(header(response, "RateLimit"), "(none)");
  limiter_.refused = "stranger";
  EXPECT_EQ(get("/", "wrong").status, 429);
}

TEST_F(DispatcherLimitsTest, AnAddressOverItsLimitIsRefusedBeforeItsKeyIsLookedAt) {
  limiter_.refused = "address";
  const Response response = get("/", "wrong");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(header(response, "Retry-After"), "2");
  EXPECT_EQ(header(response, "RateLimit-Policy"), R"("address";q=10;w=60)");
  EXPECT_EQ(limiter_.asked, (Asked{"address:203.0.113.7"}));
}

TEST_F(DispatcherLimitsTest, AnyLimitKeepsTheHandlerFromRunning) {
  for (const char* name : {"address", "user", "api_key"}) {
    limiter_.refused = name;
    EXPECT_EQ(get("/", "good").status, 429) << name;
  }
  limiter_.refused = "stranger";
  EXPECT_EQ(get("/").status, 429);
  EXPECT_EQ(handled_, 0);
}

TEST_F(DispatcherLimitsTest, AProgramIsCountedOnceTheDatabaseKnowsIt) {
  Route route{.method = Method::get,
              .path = "/program",
              .access = {{.check = [](const Request&, Caller&) -> Result<void> { return {}; },
                          .confirm = [](Caller& caller) { return recognise(caller); }}},
              .run =
                  [this](const Request&, const Caller&) {
                    ++handled_;
                    return answer_with({.body = "{}"});
                  },
              .describe = {}};
  route.limits = {{.name = "program", .scope = Scope::principal, .requests = 10}};
  router_.add(std::move(route));
  EXPECT_EQ(get("/program").status, 200);
  EXPECT_EQ(limiter_.asked, (Asked{"program:client:client_1"}));
  limiter_.refused = "program";
  EXPECT_EQ(get("/program").status, 429);
  EXPECT_EQ(handled_, 1);
}

TEST_F(DispatcherLimitsTest, CountersOutOfReachAre503) {
  limiter_.away = "stranger";
  const Response response = get("/");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(header(response, "Retry-After"), "1");
  EXPECT_EQ(handled_, 0);
}

TEST_F(DispatcherLimitsTest, TheHeadersAreOnTheAnswerOfAHandlerThatThrew) {
  const Response response = get("/broken");
  EXPECT_EQ(response.status, 500);
  EXPECT_NE(header(response, "RateLimit"), "(none)");
}

TEST_F(DispatcherLimitsTest, WithoutALimiterThereAreNoLimitsAndNoHeaders) {
  const Response response = get("/", nullptr, false);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header(response, "RateLimit"), "(none)");
  EXPECT_EQ(header(response, "RateLimit-Policy"), "(none)");
  EXPECT_EQ(get("/", "wrong", false).status, 403);
}

}  // namespace
}  // namespace kriya::http
