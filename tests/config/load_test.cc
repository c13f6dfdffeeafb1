#include "config/load.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace kriya::config {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSecret = "q1tLGBjpBC1L0eN2SbZxTnFJ5dPwIfCkxvYhAoUmRsE";
constexpr const char* kSecretToo = "Zk4uW8yQe6rT2aXsDf0gHj5lMn7bVc3pLoIuYtReWqA";

Settings loaded(const VariableMap& given) {
  auto settings = load(given);
  if (!settings) {
    for (const Problem& problem : settings.error()) ADD_FAILURE() << problem.line();
    return {};
  }
  return *settings;
}

/// All problems, each as its line.
std::vector<std::string> lines(const VariableMap& given) {
  std::vector<std::string> found;
  if (const auto settings = load(given); !settings) {
    for (const Problem& problem : settings.error()) found.push_back(problem.line());
  }
  return found;
}

/// The one problem that `given` has; "" when there is none, all of them when there are more.
std::string line(const VariableMap& given) {
  std::string joined;
  for (const std::string& each : lines(given)) joined += (joined.empty() ? "" : "\n") + each;
  return joined;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

VariableMap production(VariableMap more = {}) {
  more.insert({{"ENVIRONMENT", "production"}, {"JWT_SECRET_KEY", kSecret}, {"PLANE_API_KEY", kSecretToo}});
  return more;
}

TEST(Load, NothingGivenIsADevelopmentServerOnLoopback) {
  const Settings settings = loaded({});
  EXPECT_EQ(settings.environment, Environment::development);
  EXPECT_FALSE(settings.debug);
  EXPECT_EQ(settings.host, "127.0.0.1");
  EXPECT_EQ(settings.port, 8001);
  EXPECT_EQ(settings.public_url, "");
  EXPECT_TRUE(settings.trusted_proxies.empty());
  EXPECT_GE(settings.workers, 1U);
  EXPECT_EQ(settings.max_connections, 10000U);
  EXPECT_EQ(settings.max_connections_per_address, 1024U);
  EXPECT_EQ(settings.shutdown_timeout, 15s);
  EXPECT_EQ(settings.data_dir, "./data");
  EXPECT_EQ(settings.database.engine, DatabaseUrl::Engine::sqlite);
  EXPECT_EQ(settings.database.path, "./data/kriya.db");
  EXPECT_TRUE(settings.redis_url.empty());
  EXPECT_TRUE(settings.jwt_secret.empty());
  EXPECT_EQ(settings.jwt_algorithm, crypto::Algorithm::hs256);
  EXPECT_EQ(settings.jwt_clock_skew, 0s);
  EXPECT_EQ(settings.token_life, 24h);
  EXPECT_TRUE(settings.plane_api_keys.empty());
  EXPECT_TRUE(settings.registration_api_keys.empty());
  EXPECT_FALSE(settings.cookie_secure);
  EXPECT_EQ(settings.cookie_same_site, SameSite::lax);
  EXPECT_TRUE(settings.rate_limits);
  EXPECT_EQ(settings.phone_verification, PhoneVerification::required);
  EXPECT_EQ(settings.sms_provider, SmsProvider::console);
  EXPECT_EQ(settings.telesign_base_url, "https://rest-api.telesign.com");
  EXPECT_EQ(settings.openai_base_url, "https://api.openai.com/v1");
  EXPECT_EQ(settings.openai_model, "gpt-4o-mini");
  EXPECT_TRUE(settings.enable_tool_logging);
  EXPECT_EQ(settings.log_dir, "./data/logs");
  EXPECT_EQ(settings.log_level, LogLevel::info);
  EXPECT_EQ(settings.log_format, LogFormat::automatic);
  EXPECT_EQ(settings.log_file, "");
}

TEST(Load, ProductionHasItsOwnDefaults) {
  const Settings settings = loaded(production());
  EXPECT_TRUE(settings.in_production());
  EXPECT_EQ(settings.host, "0.0.0.0");
  EXPECT_TRUE(settings.cookie_secure);
  EXPECT_EQ(settings.sms_provider, SmsProvider::none);
}

TEST(Load, EmptyMeansUnset) {
  const Settings settings = loaded({{"PORT", ""}, {"DEBUG", "  "}, {"JWT_SECRET_KEY", ""}, {"DATABASE_URL", ""}});
  EXPECT_EQ(settings.port, 8001);
  EXPECT_FALSE(settings.debug);
  EXPECT_EQ(settings.database.path, "./data/kriya.db");
}

TEST(Load, WhiteSpaceAroundAPlainValueIsDropped) { EXPECT_EQ(loaded({{"PORT", " 9000\n"}}).port, 9000); }

TEST(Load, NamesThatTheTableDoesNotHaveAreIgnored) { EXPECT_EQ(line({{"PATH", "/bin"}, {"JWT_SECRET", "x"}}), ""); }

TEST(Load, ReadsBooleansInEverySpelling) {
  for (const char* text : {"true", "True", "TRUE", "1", "yes", "Yes", "on", "ON"}) {
    EXPECT_TRUE(loaded({{"DEBUG", text}}).debug) << text;
  }
  for (const char* text : {"false", "False", "0", "no", "NO", "off"}) {
    EXPECT_FALSE(loaded({{"DEBUG", text}}).debug) << text;
  }
  for (const char* text : {"tru", "2", "y", "enabled", "-1", "true false"}) {
    EXPECT_TRUE(contains(line({{"DEBUG", text}}), "allowed: true/false, 1/0, yes/no, on/off")) << text;
  }
}

TEST(Load, DebugRaisesTheLogLevelUnlessOneIsGiven) {
  EXPECT_EQ(loaded({{"DEBUG", "true"}}).log_level, LogLevel::debug);
  EXPECT_EQ(loaded({{"DEBUG", "true"}, {"LOG_LEVEL", "ERROR"}}).log_level, LogLevel::error);
}

TEST(Load, SaysWhatItGotAndWhatIsAllowed) {
  EXPECT_EQ(line({{"PORT", "80000"}}), "PORT: got \"80000\"; allowed: 0 to 65535");
  EXPECT_EQ(line({{"ENVIRONMENT", "prod"}}), "ENVIRONMENT: got \"prod\"; allowed: development, production");
}

TEST(Load, ReportsEveryProblemAtOnce) {
  const auto found = lines({{"PORT", "x"}, {"WORKERS", "0"}, {"HOST", "example.com"}, {"JWT_SECRET_KEY", "short"}});
  ASSERT_EQ(found.size(), 4U);
  EXPECT_TRUE(found[0].starts_with("HOST:"));
  EXPECT_TRUE(found[3].starts_with("JWT_SECRET_KEY:"));
}

TEST(Load, NeverShowsASecret) {
  const VariableMap given{{"JWT_SECRET_KEY", "hunter2"},
                          {"JWT_PREVIOUS_KEYS", "hunter2,hunter2"},
                          {"MASTER_KEY", "hunter2"},
                          {"PLANE_API_KEY", "hunter2 hunter2"},
                          {"REGISTRATION_API_KEYS", "hunter2 hunter2"},
                          {"METRICS_TOKEN", "hunter2 hunter2"},
                          {"TELESIGN_API_KEY", "hunter2 hunter2"},
                          {"OPENAI_API_KEY", "hunter2 hunter2"},
                          {"DATABASE_URL", "mysql://root:hunter2@db/x"},
                          {"REDIS_URL", "reddis://:hunter2@cache"},
                          {"PUBLIC_URL", "https://me:hunter2@example.com"},
                          {"ALLOWED_ORIGINS", "https://a.example,https://me:hunter2@b.example"},
                          {"OPENAI_BASE_URL", "https://me:hunter2@example.com"}};
  const auto found = lines(given);
  EXPECT_EQ(found.size(), given.size());
  for (const std::string& each : found) EXPECT_FALSE(contains(each, "hunter2")) << each;
  EXPECT_TRUE(contains(line({{"JWT_SECRET_KEY", "hunter2"}}), "got a secret of 7 bytes")) << line(given);
}

TEST(Load, KeepsEveryProblemOnOneShortLine) {
  const std::string found = line({{"HOST", "a\nb\x01\xff" + std::string(500, 'x')}});
  EXPECT_FALSE(contains(found, "\n"));
  EXPECT_TRUE(contains(found, "a\\x0ab\\x01\\xff"));
  EXPECT_LT(found.size(), 250U);
}

TEST(Load, HostIsAnAddressOrLocalhost) {
  EXPECT_EQ(loaded({{"HOST", "::"}}).host, "::");
  EXPECT_EQ(loaded({{"HOST", "LocalHost"}}).host, "localhost");
  for (const char* text : {"example.com", "[::1]", "1.2.3", "127.0.0.1:80", "*"}) {
    EXPECT_NE(line({{"HOST", text}}), "") << text;
  }
}

TEST(Load, PublicUrlIsAnAddressThatPathsAreAppendedTo) {
  EXPECT_EQ(loaded({{"PUBLIC_URL", "https://Auth.Example.com/"}}).public_url, "https://auth.example.com");
  EXPECT_EQ(loaded({{"PUBLIC_URL", "http://example.com:8001/login/"}}).public_url, "http://example.com:8001/login");
  EXPECT_EQ(loaded({{"PUBLIC_URL", "https://example.com:443"}}).public_url, "https://example.com");
  for (const char* text : {"example.com", "ftp://example.com", "https://example.com?x", "https://example.com/#x",
                           "https://u@example.com", "https://", "https://exa mple.com"}) {
    EXPECT_TRUE(line({{"PUBLIC_URL", text}}).starts_with("PUBLIC_URL: got ")) << text;
  }
}

TEST(Load, TrustedProxiesAreRanges) {
  const Settings settings = loaded({{"TRUSTED_PROXIES", "10.0.0.0/8, ::1 ,192.0.2.1,"}});
  ASSERT_EQ(settings.trusted_proxies.size(), 3U);
  EXPECT_TRUE(settings.trusted_proxies[1].contains("::1"));
  EXPECT_TRUE(contains(line({{"TRUSTED_PROXIES", "10.0.0.0/8, nginx"}}), "\"nginx\" is no IP address or CIDR"));
}

TEST(Load, ReadsNumbersWhole) {
  for (const char* text : {"80a", "0x50", "+80", "-1", "8 0", "80.0", "99999999999999999999"}) {
    EXPECT_TRUE(line({{"PORT", text}}).starts_with("PORT: got ")) << text;
  }
}

TEST(Load, DatabaseIsAnSqliteFile) {
  const auto path = [](const char* text) { return loaded({{"DATABASE_URL", text}}).database.path; };
  EXPECT_EQ(path("sqlite:///var/lib/kriya/k.db"), "/var/lib/kriya/k.db");
  EXPECT_EQ(path("sqlite:/var/lib/k.db"), "/var/lib/k.db");
  EXPECT_EQ(path("sqlite:rel/k.db"), "rel/k.db");
  EXPECT_EQ(path("SQLite:k.db"), "k.db");
  EXPECT_EQ(path("sqlite:"), "./data/kriya.db");
  EXPECT_EQ(loaded({{"DATA_DIR", "/srv/k"}}).database.path, "/srv/k/kriya.db");
  for (const char* text :
       {"sqlite", "k.db", "/var/k.db", "sqlite://k.db", "sqlite://", "sqlite::memory:", "sqlite:~/k.db", "sqlite:dir/",
        "sqlite:k.db?mode=ro", "sqlite:a%20b.db", "mysql://h/db", "file:k.db"}) {
    EXPECT_TRUE(line({{"DATABASE_URL", text}}).starts_with("DATABASE_URL: got a secret of ")) << text;
  }
}

TEST(Load, PostgresqlUrlsAreLeftToLibpq) {
  const auto database = [](const char* text) { return loaded({{"DATABASE_URL", text}}).database; };
  for (const char* text :
       {"postgresql://u:p@db:5432/kriya", "postgresql:///kriya", "postgresql://%2Fvar%2Frun%2Fpostgresql/kriya",
        "postgresql://a:1,b:2/kriya?target_session_attrs=read-write", "postgresql:///kriya?host=/var/run/postgresql",
        "postgresql://u:p^|`{}@[::1]/kriya?sslmode=verify-full"}) {
    EXPECT_EQ(database(text).engine, DatabaseUrl::Engine::postgres) << text;
    EXPECT_EQ(database(text).url.reveal(), text);
  }
  // libpq knows the scheme in lower case only.
  EXPECT_EQ(database("POSTGRES://db/Kriya").url.reveal(), "postgresql://db/Kriya");
  for (const char* text :
       {"postgresql:db", "postgres", "postgresql:/db", "postgresql://db/a b", "postgresql://db\nx"}) {
    EXPECT_TRUE(line({{"DATABASE_URL", text}}).starts_with("DATABASE_URL: got a secret of ")) << text;
  }
}

TEST(Load, RedisIsAServerADatabaseAndWhoAsks) {
  const RedisUrl plain = loaded({{"REDIS_URL", "redis://Cache"}}).redis_url;
  EXPECT_FALSE(plain.empty());
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ(plain.host, "cache");
  EXPECT_EQ(plain.port, 6379);
  EXPECT_EQ(plain.user, "");
  EXPECT_TRUE(plain.password.empty());
  EXPECT_EQ(plain.database, 0U);

  const RedisUrl full = loaded({{"REDIS_URL", "rediss://kri%79a:p%40ss%3a%2F+%25@[2001:DB8::1]:6380/15"}}).redis_url;
  EXPECT_TRUE(full.tls);
  EXPECT_EQ(full.host, "2001:db8::1");
  EXPECT_EQ(full.port, 6380);
  EXPECT_EQ(full.user, "kriya");
  EXPECT_EQ(full.password.reveal(), "p@ss:/+%");
  EXPECT_EQ(full.database, 15U);

  const RedisUrl password_alone = loaded({{"REDIS_URL", "redis://:a:b@127.0.0.1/"}}).redis_url;
  EXPECT_EQ(password_alone.user, "");
  EXPECT_EQ(password_alone.password.reveal(), "a:b");
  EXPECT_EQ(password_alone.host, "127.0.0.1");
}

TEST(Load, RedisUrlsAreReadStrictly) {
  for (const char* text :
       {"cache:6379", "http://cache", "redis://", "redis:cache", "redis://cache/zero", "redis://cache/-1",
        "redis://cache/+1", "redis://cache/1/", "redis://cache/100000", "redis://cache/0?x=1", "redis://cache#x",
        "redis://cache:0", "redis://user@cache", "redis://@cache", "redis://user:@cache", "redis://:p@ss@cache",
        "redis://:%4@cache", "redis://:%zz@cache", "redis://%:p@cache"}) {
    EXPECT_TRUE(line({{"REDIS_URL", text}}).starts_with("REDIS_URL: got a secret of ")) << text;
  }
  EXPECT_TRUE(contains(line({{"REDIS_URL", "redis://:%zz@cache"}}), "has a broken % escape"));
}

TEST(Load, SecretsHaveAtLeast32BytesAndNoWhiteSpaceAtTheEnds) {
  EXPECT_EQ(loaded({{"JWT_SECRET_KEY", std::string(32, 'x')}}).jwt_secret.size(), 32U);
  EXPECT_NE(line({{"JWT_SECRET_KEY", std::string(31, 'x')}}), "");
  EXPECT_TRUE(contains(line({{"JWT_SECRET_KEY", std::string(kSecret) + "\n"}}), "begins or ends with white space"));
  EXPECT_NE(line({{"MASTER_KEY", std::string(31, 'x')}}), "");
}

TEST(Load, PreviousKeysAreAList) {
  const Settings settings = loaded({{"JWT_PREVIOUS_KEYS", std::string(kSecret) + ", " + kSecretToo}});
  ASSERT_EQ(settings.jwt_previous_secrets.size(), 2U);
  EXPECT_EQ(settings.jwt_previous_secrets[1].reveal(), kSecretToo);
  EXPECT_NE(line({{"JWT_PREVIOUS_KEYS", std::string(kSecret) + ",short"}}), "");
}

TEST(Load, AlgorithmsGoByTheirExactNames) {
  EXPECT_EQ(loaded({{"JWT_ALGORITHM", "EdDSA"}}).jwt_algorithm, crypto::Algorithm::eddsa);
  EXPECT_EQ(loaded({{"JWT_ALGORITHM", "RS256"}}).jwt_algorithm, crypto::Algorithm::rs256);
  for (const char* text : {"none", "RS512", "hs256", "ES256K"}) EXPECT_NE(line({{"JWT_ALGORITHM", text}}), "") << text;
}

TEST(Load, ApiKeysAreListsOfHeaderValues) {
  const Settings settings = loaded({{"PLANE_API_KEY", "one,two"}, {"REGISTRATION_API_KEYS", "three"}});
  ASSERT_EQ(settings.plane_api_keys.size(), 2U);
  EXPECT_EQ(settings.plane_api_keys[1].reveal(), "two");
  EXPECT_EQ(settings.registration_api_keys.size(), 1U);
  EXPECT_NE(line({{"PLANE_API_KEY", "one two"}}), "");
  EXPECT_NE(line({{"PLANE_API_KEY", "schl\xc3\xbcssel"}}), "");
}

TEST(Load, OriginsAreExact) {
  const Settings settings = loaded({{"ALLOWED_ORIGINS", "HTTPS://App.Example.com:443, http://localhost:3000"}});
  EXPECT_EQ(settings.allowed_origins, (std::vector<std::string>{"https://app.example.com", "http://localhost:3000"}));
  for (const char* text :
       {"*", "null", "https://*.example.com", "https://a.example/", "https://a.example/x", "a.example",
        "ftp://a.example", "https://a.example?x", "https://u@a.example", "https://a.example, *"}) {
    EXPECT_TRUE(line({{"ALLOWED_ORIGINS", text}}).starts_with("ALLOWED_ORIGINS: got ")) << text;
  }
  EXPECT_TRUE(contains(line({{"ALLOWED_ORIGINS", "https://a.example, https://b.example/x"}}),
                       "\"https://b.example/x\" has more than scheme://host[:port]"));
}

TEST(Load, SameSiteNoneNeedsSecureCookies) {
  EXPECT_TRUE(line({{"COOKIE_SAMESITE", "none"}}).starts_with("COOKIE_SAMESITE: got \"none\""));
  EXPECT_EQ(loaded({{"COOKIE_SAMESITE", "None"}, {"COOKIE_SECURE", "1"}}).cookie_same_site, SameSite::none);
  EXPECT_EQ(loaded(production({{"COOKIE_SAMESITE", "none"}})).cookie_same_site, SameSite::none);
}

TEST(Load, TelesignNeedsBothCredentialsEverywhere) {
  for (VariableMap given : {VariableMap{}, production()}) {
    given["SMS_PROVIDER"] = "telesign";
    EXPECT_EQ(lines(given).size(), 2U);
    given["TELESIGN_CUSTOMER_ID"] = "ABC-123";
    EXPECT_TRUE(line(given).starts_with("TELESIGN_API_KEY: got nothing"));
    given["TELESIGN_API_KEY"] = "bGV0IG1lIGlu";
    EXPECT_EQ(loaded(given).sms_provider, SmsProvider::telesign);
  }
}

TEST(Load, PathsDoNotExpandTheTilde) {
  for (const char* name : {"DATA_DIR", "LOG_DIR", "LOG_FILE"}) {
    EXPECT_TRUE(contains(line({{name, "~/kriya"}}), "~ is not expanded")) << name;
  }
}

TEST(Load, ListsOfModelsAreTrimmed) {
  EXPECT_EQ(loaded({{"OPENAI_ALLOWED_MODELS", " a , b,"}}).openai_allowed_models, (std::vector<std::string>{"a", "b"}));
}

TEST(Load, CountriesAreThoseThatExist) {
  EXPECT_EQ(loaded({{"ALLOWED_COUNTRIES", "us, In,XK,AQ"}}).allowed_countries,
            (std::vector<std::string>{"US", "IN", "XK", "AQ"}));
  for (const char* name : {"ALLOWED_COUNTRIES", "DENIED_COUNTRIES"}) {
    EXPECT_EQ(line({{name, "US,xx"}}),
              std::string(name) +
                  ": got \"US,xx\"; \"xx\" is none; allowed: comma-separated countries of two letters (ISO 3166-1), "
                  "e.g. US, GB, IN");
    EXPECT_TRUE(contains(line({{name, "UK"}}), "\"UK\" is none; the United Kingdom is GB")) << name;
    for (const char* text : {"ZZ", "A", "USA", "D ", "  , EU", "A-"}) EXPECT_NE(line({{name, text}}), "") << text;
  }
}

TEST(Load, ATestNumberStandsOnceWithOneCode) {
  const auto given = [](std::string numbers) {
    return VariableMap{{"TEST_PHONE_NUMBERS", std::move(numbers)}, {"TEST_PHONE_NUMBERS_UNTIL", "2026-12-31"}};
  };
  EXPECT_EQ(loaded(given("+14155550100=123456, +14155550101=123456")).test_numbers.size(), 2U);
  const std::string twice = line(given("+14155550101=111111,+14155550100=123456,+14155550100=654321"));
  EXPECT_TRUE(twice.starts_with("TEST_PHONE_NUMBERS: got a secret of ")) << twice;
  EXPECT_TRUE(contains(twice, "entry 3 has the number of an entry before it")) << twice;
  EXPECT_FALSE(contains(twice, "654321") || contains(twice, "0100")) << twice;
}

TEST(LoadInProduction, RequiresItsSecrets) {
  const auto found = lines({{"ENVIRONMENT", "production"}});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0].starts_with("JWT_SECRET_KEY: got nothing; production requires it"));
  EXPECT_TRUE(found[1].starts_with("PLANE_API_KEY: got nothing; production requires it"));
}

TEST(LoadInProduction, RefusesSecretsThatCanBeGuessed) {
  const std::string placeholder = "your-secret-key-change-me-in-production";
  for (const char* name : {"JWT_SECRET_KEY", "JWT_PREVIOUS_KEYS", "MASTER_KEY", "PLANE_API_KEY",
                           "REGISTRATION_API_KEYS", "METRICS_TOKEN"}) {
    VariableMap given = production();
    given[name] = placeholder;
    EXPECT_TRUE(contains(line(given), "looks like a placeholder")) << name;
    given[name] = std::string(40, 'a');
    EXPECT_TRUE(contains(line(given), "fewer than 8 different characters")) << name;
    given["ENVIRONMENT"] = "development";
    EXPECT_EQ(line(given), "") << name;
  }
}

TEST(LoadInProduction, RefusesShortApiKeys) {
  for (const char* name : {"PLANE_API_KEY", "REGISTRATION_API_KEYS", "METRICS_TOKEN"}) {
    VariableMap given = production();
    given[name] = "a1b2c3d4e5f6g7h";
    EXPECT_TRUE(contains(line(given), "got a secret of 15 bytes; allowed in production: at least 16")) << name;
    given[name] = "a1b2c3d4e5f6g7h8";
    EXPECT_EQ(line(given), "") << name;
  }
}

TEST(LoadInProduction, ChecksEveryKeyOfAList) {
  EXPECT_NE(line(production({{"REGISTRATION_API_KEYS", std::string(kSecret) + ",short"}})), "");
}

TEST(LoadInProduction, RefusesTheShortcutsOfDevelopment) {
  EXPECT_EQ(line(production({{"PHONE_VERIFICATION", "off"}})),
            "PHONE_VERIFICATION: got \"off\"; allowed in production: required");
  EXPECT_TRUE(line(production({{"SMS_PROVIDER", "console"}})).starts_with("SMS_PROVIDER: got \"console\""));
  EXPECT_EQ(loaded({{"PHONE_VERIFICATION", "OFF"}}).phone_verification, PhoneVerification::off);
}

TEST(LoadInProduction, CookiesAreSecureWhateverIsSaid) {
  EXPECT_TRUE(loaded(production({{"COOKIE_SECURE", "false"}})).cookie_secure);
}

TEST(LoadInProduction, ReportsProblemsInTheOrderOfTheTable) {
  const auto found = lines({{"ENVIRONMENT", "production"}, {"TOKEN_EXPIRY_HOURS", "0"}, {"LOG_LEVEL", "loud"}});
  ASSERT_EQ(found.size(), 4U);
  EXPECT_TRUE(found[0].starts_with("JWT_SECRET_KEY:"));
  EXPECT_TRUE(found[1].starts_with("TOKEN_EXPIRY_HOURS:"));
  EXPECT_TRUE(found[2].starts_with("PLANE_API_KEY:"));
  EXPECT_TRUE(found[3].starts_with("LOG_LEVEL:"));
}

TEST(LoadInProduction, NamesAVariableOnce) {
  VariableMap given = production();
  given["JWT_SECRET_KEY"] = "change-me";
  EXPECT_EQ(lines(given).size(), 1U);
}

}  // namespace
}  // namespace kriya::config
