#include "config/doctor.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/time.h"
#include "config/generated_secrets.h"
#include "config/load.h"
#include "tests/support/temporary_folder.h"

namespace kriya::config {

using tests::TemporaryFolder;

namespace {

constexpr const char* kStrong = "q1tLGBjpBC1L0eN2SbZxTnFJ5dPwIfCkxvYhAoUmRsE";
constexpr const char* kStrongToo = "Zk4uW8yQe6rT2aXsDf0gHj5lMn7bVc3pLoIuYtReWqA";
constexpr const char* kStrongThree = "p9OiU7yTr5EwQ3aSdF1gHjK8lZxCvB6nM4qWeRtYuI0";

/// A production server that nobody could find fault with.
Settings sound() {
  Settings settings = load({{"ENVIRONMENT", "production"},
                            {"JWT_SECRET_KEY", kStrong},
                            {"MASTER_KEY", kStrongToo},
                            {"PLANE_API_KEY", kStrongThree},
                            {"REGISTRATION_API_KEYS", "Tg6Yh8Uj1Ik3Ol5P"},
                            {"METRICS_TOKEN", "s7Gh2kPq9Zx4Vb6N"},
                            {"PUBLIC_URL", "https://auth.example.com"},
                            {"ALLOWED_ORIGINS", "https://app.example.com"},
                            {"TRUSTED_PROXIES", "10.0.0.5"},
                            {"SMS_PROVIDER", "telesign"},
                            {"TELESIGN_CUSTOMER_ID", "ABC"},
                            {"TELESIGN_API_KEY", "bGV0IG1lIGlu"},
                            {"ALLOWED_COUNTRIES", "US, IN"}})
                          .value();
  settings.database.engine = DatabaseUrl::Engine::postgres;
  settings.redis_url.host = "cache";
  return settings;
}

Settings development(VariableMap given = {}) {
  given.insert({{"JWT_SECRET_KEY", kStrong}, {"PLANE_API_KEY", kStrongToo}});
  return load(given).value();
}

std::vector<Check> not_ok(const Settings& settings, const Surroundings& surroundings = {}) {
  std::vector<Check> checks = examine(settings, surroundings);
  std::erase_if(checks, [](const Check& check) { return check.verdict == Verdict::ok; });
  return checks;
}

/// The one fault of otherwise sound settings.
Check fault(const Settings& settings) {
  const auto checks = not_ok(settings);
  EXPECT_EQ(checks.size(), 1U) << render(checks);
  return checks.empty() ? Check{} : checks.front();
}

TEST(Doctor, FindsNothingInASoundProduction) {
  EXPECT_TRUE(not_ok(sound()).empty()) << render(not_ok(sound()));
  EXPECT_GE(examine(sound()).size(), 15U);
}

TEST(Doctor, FindsNothingUnsafeInDevelopment) {
  const Settings settings = development({{"PHONE_VERIFICATION", "off"},
                                         {"HOST", "0.0.0.0"},
                                         {"DEBUG", "1"},
                                         {"RATE_LIMITS", "off"},
                                         {"TRUSTED_PROXIES", "0.0.0.0/0"},
                                         {"REGISTRATION_API_KEYS", "x"}});
  const Surroundings open{.files = {{".env", true, true}}};
  EXPECT_FALSE(any_unsafe(examine(settings, open)));
  EXPECT_FALSE(any_unsafe(examine(Settings{})));
}

TEST(Doctor, AgreesWithWhatLoadRefuses) {
  // Whatever load() accepts for production with default settings must be able to start.
  const auto plain = load({{"ENVIRONMENT", "production"}, {"JWT_SECRET_KEY", kStrong}, {"PLANE_API_KEY", kStrongToo}});
  ASSERT_TRUE(plain);
  EXPECT_FALSE(any_unsafe(examine(*plain))) << render(examine(*plain));
}

struct Fault {
  const char* name;
  Verdict verdict;
  void (*make)(Settings&);
  const char* remedy;  // how the remedy begins
};

class DoctorFault : public testing::TestWithParam<Fault> {};

TEST_P(DoctorFault, IsFoundInProduction) {
  Settings settings = sound();
  GetParam().make(settings);
  const Check check = fault(settings);
  EXPECT_EQ(check.verdict, GetParam().verdict) << check.title;
  EXPECT_TRUE(check.remedy.starts_with(GetParam().remedy)) << check.remedy;
  EXPECT_FALSE(check.title.empty());
}

TEST_P(DoctorFault, IsAtMostAdviceInDevelopment) {
  Settings settings = sound();
  GetParam().make(settings);
  settings.environment = Environment::development;
  EXPECT_EQ(fault(settings).verdict, Verdict::advice);
}

const Fault kFaults[] = {
    {"NoJwtSecret", Verdict::unsafe, [](Settings& s) { s.jwt_secret = {}; }, "JWT_SECRET_KEY"},
    {"ShortJwtSecret", Verdict::unsafe, [](Settings& s) { s.jwt_secret = Secret("short"); }, "JWT_SECRET_KEY"},
    {"PlaceholderJwtSecret", Verdict::unsafe,
     [](Settings& s) { s.jwt_secret = Secret("your-secret-key-your-secret-key-1234"); }, "JWT_SECRET_KEY"},
    {"JwtSecretShorterThanTheHash", Verdict::advice, [](Settings& s) { s.jwt_algorithm = crypto::Algorithm::hs512; },
     "JWT_SECRET_KEY: at least 64"},
    {"WeakPreviousSecret", Verdict::unsafe,
     [](Settings& s) { s.jwt_previous_secrets = {Secret(std::string(40, 'a'))}; }, "JWT_PREVIOUS_KEYS"},
    {"NoMasterKey", Verdict::advice, [](Settings& s) { s.master_key = {}; }, "MASTER_KEY"},
    {"MasterKeyIsTheJwtSecret", Verdict::advice, [](Settings& s) { s.master_key = s.jwt_secret; }, "MASTER_KEY"},
    {"WeakMasterKey", Verdict::unsafe, [](Settings& s) { s.master_key = Secret("short"); }, "MASTER_KEY"},
    {"NoPlaneKey", Verdict::unsafe, [](Settings& s) { s.plane_api_keys.clear(); }, "PLANE_API_KEY"},
    {"WeakPlaneKey", Verdict::unsafe, [](Settings& s) { s.plane_api_keys.emplace_back("short"); }, "PLANE_API_KEY"},
    {"WeakRegistrationKey", Verdict::unsafe, [](Settings& s) { s.registration_api_keys = {Secret("short")}; },
     "REGISTRATION_API_KEYS"},
    {"OneKeyForBoth", Verdict::advice, [](Settings& s) { s.registration_api_keys = s.plane_api_keys; },
     "use different keys"},
    {"Debug", Verdict::unsafe, [](Settings& s) { s.debug = true; }, "DEBUG=false"},
    {"NoPublicUrl", Verdict::advice, [](Settings& s) { s.public_url.clear(); }, "PUBLIC_URL"},
    {"PlainPublicUrl", Verdict::advice, [](Settings& s) { s.public_url = "http://auth.example.com"; }, "PUBLIC_URL"},
    {"LocalPublicUrl", Verdict::advice, [](Settings& s) { s.public_url = "https://localhost"; }, "PUBLIC_URL"},
    {"InsecureCookies", Verdict::unsafe, [](Settings& s) { s.cookie_secure = false; }, "COOKIE_SECURE=true"},
    {"PlainOrigin", Verdict::advice, [](Settings& s) { s.allowed_origins.push_back("http://app.example.com"); },
     "ALLOWED_ORIGINS"},
    {"LocalOrigin", Verdict::advice, [](Settings& s) { s.allowed_origins.push_back("https://localhost:3000"); },
     "ALLOWED_ORIGINS"},
    {"NoPhoneVerification", Verdict::unsafe, [](Settings& s) { s.phone_verification = PhoneVerification::off; },
     "PHONE_VERIFICATION=required"},
    {"ConsoleSms", Verdict::unsafe, [](Settings& s) { s.sms_provider = SmsProvider::console; },
     "SMS_PROVIDER=telesign"},
    {"NobodyMayRegister", Verdict::advice,
     [](Settings& s) {
       s.sms_provider = SmsProvider::none;
       s.registration_api_keys.clear();
     },
     "SMS_PROVIDER=telesign, or REGISTRATION_API_KEYS"},
    {"ConsoleWhatsApp", Verdict::unsafe, [](Settings& s) { s.whatsapp_provider = WhatsAppProvider::console; },
     "WHATSAPP_PROVIDER=meta or telesign"},
    {"MetaWithoutReceipts", Verdict::advice, [](Settings& s) { s.whatsapp_provider = WhatsAppProvider::meta; },
     "WHATSAPP_APP_SECRET"},
    {"OpenToPumping", Verdict::advice, [](Settings& s) { s.allowed_countries.clear(); }, "ALLOWED_COUNTRIES"},
    {"TestNumbers", Verdict::advice, [](Settings& s) { s.test_numbers = {{"+14155550100", Secret("123456")}}; },
     "TEST_PHONE_NUMBERS"},
    {"WeakMessagingKey", Verdict::unsafe, [](Settings& s) { s.messaging_api_keys = {Secret("short")}; },
     "MESSAGING_API_KEYS"},
    {"Sqlite", Verdict::advice, [](Settings& s) { s.database.engine = DatabaseUrl::Engine::sqlite; },
     "run one instance"},
    {"NoProxy", Verdict::advice, [](Settings& s) { s.trusted_proxies.clear(); }, "TRUSTED_PROXIES"},
    {"EveryProxy", Verdict::advice, [](Settings& s) { s.trusted_proxies = {Cidr::parse("::/0").value()}; },
     "TRUSTED_PROXIES"},
    {"NoRateLimits", Verdict::unsafe, [](Settings& s) { s.rate_limits = false; }, "RATE_LIMITS=on"},
    {"OpenMetrics", Verdict::advice, [](Settings& s) { s.metrics_token = {}; }, "METRICS_TOKEN"},
    {"WeakMetricsToken", Verdict::unsafe, [](Settings& s) { s.metrics_token = Secret("short"); }, "METRICS_TOKEN"},
    {"TalkativeLog", Verdict::advice, [](Settings& s) { s.log_level = LogLevel::trace; }, "LOG_LEVEL=info"},
};

INSTANTIATE_TEST_SUITE_P(Faults, DoctorFault, testing::ValuesIn(kFaults),
                         [](const testing::TestParamInfo<Fault>& info) { return std::string(info.param.name); });

TEST(Doctor, WarnsOfADevelopmentServerThatLetsTheWholeNetworkIn) {
  const auto titles = [](const Settings& settings) {
    std::string joined;
    for (const Check& check : not_ok(settings)) joined += check.title + "\n";
    return joined;
  };
  const char* warning = "Anybody who reaches this address";
  EXPECT_NE(titles(development({{"PHONE_VERIFICATION", "off"}, {"HOST", "0.0.0.0"}})).find(warning), std::string::npos);
  EXPECT_EQ(titles(development({{"PHONE_VERIFICATION", "off"}})).find(warning), std::string::npos);
}

TEST(Doctor, OpenSecretFilesAreUnsafeInProduction) {
  const Surroundings open{.files = {{".env", true, true}, {"kriya.db", false, true}, {"data/jwt_secret", true, false}}};
  const auto checks = not_ok(sound(), open);
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[0].verdict, Verdict::unsafe);
  EXPECT_EQ(checks[0].remedy, "chmod 600 .env");
  EXPECT_EQ(checks[1].verdict, Verdict::advice);
  EXPECT_EQ(checks[1].remedy, "chmod 600 kriya.db");
}

TEST(Doctor, RevealsNoSecret) {
  const std::string text = render(examine(sound())) + render(examine(development()));
  for (const char* secret : {kStrong, kStrongToo, kStrongThree}) EXPECT_EQ(text.find(secret), std::string::npos);
}

TEST(Doctor, RendersOneLineACheckAndASummary) {
  const std::vector<Check> checks{
      {Verdict::ok, "Fine", ""}, {Verdict::advice, "So so", "mend"}, {Verdict::unsafe, "Bad", "stop"}};
  EXPECT_EQ(render(checks), "✔ Fine\n! So so — mend\n✘ Bad — stop\n1 fine, 1 to consider, 1 unsafe\n");
  EXPECT_TRUE(any_unsafe(checks));
}

TEST(Doctor, ShowsARefusedConfigurationInTheSameForm) {
  const auto refused = load({{"PORT", "x"}});
  ASSERT_FALSE(refused);
  const auto checks = as_checks(refused.error());
  EXPECT_TRUE(any_unsafe(checks));
  EXPECT_TRUE(render(checks).starts_with("✘ PORT — got \"x\"; allowed: 0 to 65535\n"));
}

TEST(Doctor, SaysThatTestNumbersNoLongerCount) {
  Settings settings = sound();
  settings.test_numbers = {{"+14155550100", Secret("123456")}};
  settings.test_numbers_until = "2026-12-31";
  const auto title = [&](const char* today) { return not_ok(settings, {.today = today}).at(0).title; };
  EXPECT_FALSE(test_numbers_are_over(settings, {.today = "2026-12-31"}));
  EXPECT_TRUE(title("2026-12-31").starts_with("Whoever knows the codes"));
  EXPECT_TRUE(test_numbers_are_over(settings, {.today = "2027-01-01"}));
  EXPECT_TRUE(title("2027-01-01").starts_with("TEST_PHONE_NUMBERS have not counted since 2026-12-31"));
  settings.test_numbers.clear();
  EXPECT_FALSE(test_numbers_are_over(settings, {.today = "2027-01-01"}));
}

class SurroundingsTest : public testing::Test {
 protected:
  std::filesystem::path place(const std::string& name, mode_t mode) const {
    auto path = folder_.write(name, "x");
    chmod(path.c_str(), mode);
    return path;
  }
  Surroundings look() const {
    Settings settings = load({{"DATA_DIR", folder_.path().string()}}).value();
    return look_around(settings, folder_.path() / ".env");
  }
  TemporaryFolder folder_;
};

TEST_F(SurroundingsTest, KnowsTheDay) { EXPECT_TRUE(parse_rfc3339(look().today + "T00:00:00Z")) << look().today; }

TEST_F(SurroundingsTest, ListsOnlyWhatIsThere) {
  EXPECT_TRUE(look().files.empty());
  place(".env", 0600);
  place("kriya.db", 0600);
  const auto files = look().files;
  ASSERT_EQ(files.size(), 2U);
  EXPECT_TRUE(files[0].holds_secrets);
  EXPECT_FALSE(files[1].holds_secrets);
}

TEST_F(SurroundingsTest, AFileIsOpenWhenOthersMayReadItAndEnterItsFolder) {
  chmod(folder_.path().c_str(), 0755);
  place("jwt_secret", 0644);
  EXPECT_TRUE(look().files.at(0).readable_by_others);
  place("jwt_secret", 0640);
  EXPECT_FALSE(look().files.at(0).readable_by_others);
  place("jwt_secret", 0644);
  chmod(folder_.path().c_str(), 0700);
  EXPECT_FALSE(look().files.at(0).readable_by_others);
}

TEST(Doctor, ReportsADatabaseThatCannotBeUsed) {
  const auto checks = examine(sound(), {.database_problem = "PostgreSQL at db: refused."});
  EXPECT_TRUE(any_unsafe(checks));
  EXPECT_NE(render(checks).find("PostgreSQL at db: refused."), std::string::npos);
}

TEST(Doctor, RefusesInstancesThatCountLimitsApart) {
  const Settings settings = sound();
  EXPECT_FALSE(any_unsafe(examine(settings, {.instances = 3})));
  const auto checks = examine(settings, {.instances = 3, .limits_counted_apart = true});
  EXPECT_TRUE(any_unsafe(checks));
  EXPECT_NE(render(checks).find("REDIS_URL"), std::string::npos);
}

}  // namespace
}  // namespace kriya::config
