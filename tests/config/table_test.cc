#include "config/table.h"

#include <algorithm>
#include <regex>
#include <set>

#include <gtest/gtest.h>

namespace kriya::config {
namespace {

TEST(Table, HoldsEveryVariableOfTheContract) {
  std::set<std::string_view> names;
  for (const Variable& variable : variables()) names.insert(variable.name);
  for (const std::string_view name : {"ENVIRONMENT",
                                      "DEBUG",
                                      "HOST",
                                      "PORT",
                                      "TRUSTED_PROXIES",
                                      "WORKERS",
                                      "DATA_DIR",
                                      "DATABASE_URL",
                                      "REDIS_URL",
                                      "PUBLIC_URL",
                                      "JWT_SECRET_KEY",
                                      "JWT_PREVIOUS_KEYS",
                                      "MASTER_KEY",
                                      "JWT_ALGORITHM",
                                      "TOKEN_EXPIRY_HOURS",
                                      "PLANE_API_KEY",
                                      "REGISTRATION_API_KEYS",
                                      "METRICS_TOKEN",
                                      "ALLOWED_ORIGINS",
                                      "COOKIE_SECURE",
                                      "COOKIE_SAMESITE",
                                      "PHONE_VERIFICATION",
                                      "RATE_LIMITS",
                                      "SMS_PROVIDER",
                                      "TELESIGN_CUSTOMER_ID",
                                      "TELESIGN_API_KEY",
                                      "TELESIGN_BASE_URL",
                                      "TELESIGN_VERIFY_URL",
                                      "TELESIGN_DETECT_URL",
                                      "OPENAI_API_KEY",
                                      "OPENAI_BASE_URL",
                                      "OPENAI_MODEL",
                                      "OPENAI_ALLOWED_MODELS",
                                      "ENABLE_TOOL_LOGGING",
                                      "LOG_DIR",
                                      "LOG_LEVEL",
                                      "LOG_FORMAT"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  EXPECT_EQ(names.size(), variables().size()) << "a name stands twice";
}

TEST(Table, EnvironmentComesFirst) { EXPECT_EQ(variables().front().name, "ENVIRONMENT"); }

TEST(Table, GroupsStandTogether) {
  for (std::size_t i = 1; i < variables().size(); ++i) EXPECT_LE(variables()[i - 1].group, variables()[i].group);
}

TEST(Table, RowsAreComplete) {
  for (const Variable& variable : variables()) {
    EXPECT_FALSE(variable.help.empty()) << variable.name;
    EXPECT_FALSE(variable.allowed.empty()) << variable.name;
    EXPECT_TRUE(variable.help.ends_with('.')) << variable.name;
    EXPECT_NE(variable.parse, nullptr) << variable.name;
  }
}

TEST(Table, EveryDefaultIsAllowed) {
  for (const Variable& variable : variables()) {
    for (const Environment environment : {Environment::development, Environment::production}) {
      Settings settings;
      const auto value = default_value(variable, environment);
      EXPECT_TRUE(value.empty() || variable.parse(value, settings)) << variable.name;
    }
  }
}

TEST(Table, NumbersAreAllowedExactlyAsTheTableSays) {
  const std::regex range(R"((\d+) to (\d+))");
  int ranges = 0;
  for (const Variable& variable : variables()) {
    std::cmatch match;
    if (!std::regex_match(variable.allowed.begin(), variable.allowed.end(), match, range)) continue;
    ++ranges;
    Settings settings;
    const auto allowed = [&](long long value) { return variable.parse(std::to_string(value), settings).has_value(); };
    const long long least = std::stoll(match[1]);
    const long long most = std::stoll(match[2]);
    EXPECT_TRUE(allowed(least) && allowed(most)) << variable.name;
    EXPECT_FALSE(allowed(least - 1) || allowed(most + 1)) << variable.name;
  }
  EXPECT_EQ(ranges, 22);
}

TEST(Table, WordsAreAllowedExactlyAsTheTableSays) {
  for (const std::string_view name : {"ENVIRONMENT", "COOKIE_SAMESITE", "PHONE_VERIFICATION", "SMS_PROVIDER",
                                      "JWT_ALGORITHM", "LOG_LEVEL", "LOG_FORMAT"}) {
    const auto variable = std::ranges::find(variables(), name, &Variable::name);
    ASSERT_NE(variable, variables().end());
    for (const std::string_view entry : split_list(variable->allowed)) {
      Settings settings;
      EXPECT_TRUE(variable->parse(entry.substr(0, entry.find(' ')), settings)) << name << " " << entry;
    }
  }
}

TEST(Table, AFailedParseKeepsTheField) {
  Settings settings;
  settings.port = 1;
  const auto port = std::ranges::find(variables(), std::string_view("PORT"), &Variable::name);
  EXPECT_FALSE(port->parse("70000", settings));
  EXPECT_EQ(settings.port, 1);
}

}  // namespace
}  // namespace kriya::config
