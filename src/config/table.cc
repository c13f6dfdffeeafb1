#include "config/table.h"

namespace kriya::config {
namespace {

using S = Settings;

constexpr std::string_view kBoolean = "true/false, 1/0, yes/no, on/off";
constexpr std::string_view kHttpAddress = "an http:// or https:// address without user, query or fragment";
constexpr std::string_view kFilePath = "a path (~ is not expanded)";
constexpr std::string_view kKeys = "comma-separated keys without spaces; in production at least 16 characters each";

constexpr auto kEnvironments = std::to_array<Choice<Environment>>({
    {"development", Environment::development},
    {"production", Environment::production},
});
constexpr auto kSameSites = std::to_array<Choice<SameSite>>({
    {"lax", SameSite::lax},
    {"strict", SameSite::strict},
    {"none", SameSite::none},
});
constexpr auto kPhoneVerifications = std::to_array<Choice<PhoneVerification>>({
    {"required", PhoneVerification::required},
    {"off", PhoneVerification::off},
});
constexpr auto kSmsProviders = std::to_array<Choice<SmsProvider>>({
    {"none", SmsProvider::none},
    {"console", SmsProvider::console},
    {"telesign", SmsProvider::telesign},
});
constexpr auto kLogLevels = std::to_array<Choice<LogLevel>>({
    {"trace", LogLevel::trace},
    {"debug", LogLevel::debug},
    {"info", LogLevel::info},
    {"warn", LogLevel::warn},
    {"warning", LogLevel::warn},
    {"error", LogLevel::error},
});
constexpr auto kLogFormats = std::to_array<Choice<LogFormat>>({
    {"auto", LogFormat::automatic},
    {"text", LogFormat::text},
    {"json", LogFormat::json},
});

Parsed<crypto::Algorithm> parse_jwt_algorithm(std::string_view text) {
  if (const auto algorithm = crypto::parse_algorithm(text)) return *algorithm;
  return not_allowed();
}

constexpr Variable kVariables[] = {
    // ---- server ----
    {.name = "ENVIRONMENT",
     .group = Group::server,
     .allowed = "development, production",
     .help = "In production real secrets are required, and what is only good on a developer's machine is refused.",
     .standard = "development",
     .parse = choice<&S::environment, kEnvironments>},
    {.name = "DEBUG",
     .group = Group::server,
     .allowed = kBoolean,
     .help = "Debug logging; in development also error details in answers.",
     .standard = "false",
     .parse = parsed_by<&S::debug, parse_boolean>},
    {.name = "HOST",
     .group = Group::server,
     .allowed = "an IPv4 or IPv6 address, or localhost",
     .help = "Address to listen on.",
     .standard = "127.0.0.1",
     .production = "0.0.0.0",
     .parse = parsed_by<&S::host, parse_host>},
    {.name = "PORT",
     .group = Group::server,
     .allowed = "0 to 65535",
     .help = "Port to listen on; 0 picks a free one and prints it.",
     .standard = "8001",
     .parse = number<&S::port, 0, 65535>},
    {.name = "PUBLIC_URL",
     .group = Group::server,
     .allowed = kHttpAddress,
     .help = "How the world reaches this server: the base of links, the audience of tokens.",
     .computed = "http://localhost:$PORT",
     .parse = parsed_by<&S::public_url, parse_base_url>},
    {.name = "TRUSTED_PROXIES",
     .group = Group::server,
     .allowed = "comma-separated CIDRs or addresses, e.g. 10.0.0.0/8, ::1",
     .help = "Proxies whose X-Forwarded-For is believed, read from the right; limits and logs use the result.",
     .parse = parsed_by<&S::trusted_proxies, parse_cidrs>},
    {.name = "WORKERS",
     .group = Group::server,
     .allowed = "1 to 256",
     .help = "I/O threads.",
     .computed = "number of cores",
     .parse = number<&S::workers, 1, 256>},
    {.name = "MAX_CONNECTIONS",
     .group = Group::server,
     .allowed = "1 to 1000000",
     .help = "Open connections at once; one more is refused.",
     .standard = "10000",
     .parse = number<&S::max_connections, 1, 1'000'000>},
    {.name = "MAX_CONNECTIONS_PER_ADDRESS",
     .group = Group::server,
     .allowed = "600 to 1000000",
     .help = "Open connections of one client address; proxies that are not trusted count as one client.",
     .standard = "1024",
     .parse = number<&S::max_connections_per_address, 600, 1'000'000>},
    {.name = "SHUTDOWN_TIMEOUT_SECONDS",
     .group = Group::server,
     .allowed = "1 to 300",
     .help = "How long a stopping server waits for requests in flight.",
     .standard = "15",
     .parse = number<&S::shutdown_timeout, 1, 300>},

    // ---- storage ----
    {.name = "DATA_DIR",
     .group = Group::storage,
     .allowed = kFilePath,
     .help = "Folder of the SQLite file, generated secrets and tool logs; made with mode 0700 when missing.",
     .standard = "./data",
     .parse = parsed_by<&S::data_dir, parse_path>},
    {.name = "DATABASE_URL",
     .group = Group::storage,
     .allowed = "sqlite:///absolute/path.db or sqlite:path.db (from the working directory), or "
                "postgresql://[user:password@]host[:port]/database with any parameters of libpq",
     .help = "Where users, tokens and everything else that must last is kept.",
     .computed = "kriya.db in DATA_DIR",
     .secret = true,
     .parse = parsed_by<&S::database, parse_database_url>},
    {.name = "DATABASE_PREPARED_STATEMENTS",
     .group = Group::storage,
     .allowed = kBoolean,
     .help = "PostgreSQL only: off behind PgBouncer in transaction mode, which keeps no session of ours.",
     .standard = "on",
     .parse = parsed_by<&S::database_prepared_statements, parse_boolean>},
    {.name = "DATABASE_CONNECTIONS",
     .group = Group::storage,
     .allowed = "2 to 64",
     .help =
         "PostgreSQL only: connections of each I/O thread, one for lookups and the others for writes, opened as they "
         "are needed; and as many for all that is no request.",
     .standard = "4",
     .parse = number<&S::database_connections_per_thread, 2, 64>},
    {.name = "REDIS_URL",
     .group = Group::storage,
     .allowed = "redis:// or rediss://[user:password@]host[:port][/database]",
     .help = "What may expire, shared by several instances; empty keeps it in this process.",
     .secret = true,
     .parse = parsed_by<&S::redis_url, parse_redis_url>},

    // ---- keys and tokens ----
    {.name = "JWT_SECRET_KEY",
     .group = Group::keys,
     .allowed = "at least 32 bytes that nobody can guess; `kriya secret` prints some",
     .help = "Signs tokens under HS256, HS384 and HS512. Without commas it can later become one of JWT_PREVIOUS_KEYS.",
     .computed = "development: generated once into DATA_DIR/jwt_secret; production: required",
     .secret = true,
     .parse = secret<&S::jwt_secret>},
    {.name = "JWT_PREVIOUS_KEYS",
     .group = Group::keys,
     .allowed = "comma-separated secrets of at least 32 bytes",
     .help = "Older values of JWT_SECRET_KEY: tokens that they signed still verify, none is signed with them.",
     .secret = true,
     .parse = secrets<&S::jwt_previous_secrets>},
    {.name = "MASTER_KEY",
     .group = Group::keys,
     .allowed = "at least 32 bytes that nobody can guess; `kriya secret` prints some",
     .help = "Root of the keys that protect stored data. Set apart, so that changing JWT_SECRET_KEY touches nothing "
             "stored.",
     .computed = "JWT_SECRET_KEY",
     .secret = true,
     .parse = secret<&S::master_key>},
    {.name = "JWT_ALGORITHM",
     .group = Group::keys,
     .allowed = "HS256, HS384, HS512, RS256, ES256, EdDSA",
     .help = "How tokens are signed. For the last three the key pair is made in the database and published at "
             "/.well-known/jwks.json.",
     .standard = "HS256",
     .parse = parsed_by<&S::jwt_algorithm, parse_jwt_algorithm>},
    {.name = "JWT_CLOCK_SKEW_SECONDS",
     .group = Group::keys,
     .allowed = "0 to 60",
     .help = "How far the clocks of machines that sign and verify may differ.",
     .standard = "0",
     .parse = number<&S::jwt_clock_skew, 0, 60>},
    {.name = "TOKEN_EXPIRY_HOURS",
     .group = Group::keys,
     .allowed = "1 to 8760",
     .help = "Life of a token.",
     .standard = "24",
     .parse = number<&S::token_life, 1, 8760>},

    // ---- who may ask ----
    {.name = "PLANE_API_KEY",
     .group = Group::access,
     .allowed = kKeys,
     .help = "Lets another server (Plane) validate tokens, sent as X-API-Key. List two while one replaces the other.",
     .computed = "development: generated once into DATA_DIR/plane_api_key; production: required",
     .secret = true,
     .parse = parsed_by<&S::plane_api_keys, parse_keys>},
    {.name = "REGISTRATION_API_KEYS",
     .group = Group::access,
     .allowed = kKeys,
     .help = "Keys of servers that have proven a phone number themselves and may register it at once; empty: none.",
     .secret = true,
     .parse = parsed_by<&S::registration_api_keys, parse_keys>},
    {.name = "METRICS_TOKEN",
     .group = Group::access,
     .allowed = "a token without spaces; in production at least 16 characters",
     .help = "Bearer token for /metrics. Without it production answers /metrics to this machine only.",
     .secret = true,
     .parse = parsed_by<&S::metrics_token, parse_key>},
    {.name = "ALLOWED_ORIGINS",
     .group = Group::access,
     .allowed = "comma-separated http(s)://host[:port], exact: no path, no *, no null",
     .help = "Sites whose pages may call this server (CORS).",
     .parse = parsed_by<&S::allowed_origins, parse_origins>},
    {.name = "COOKIE_SECURE",
     .group = Group::access,
     .allowed = kBoolean,
     .help = "Cookies travel over HTTPS only; always true in production.",
     .standard = "false",
     .production = "true",
     .planned = true,
     .parse = parsed_by<&S::cookie_secure, parse_boolean>},
    {.name = "COOKIE_SAMESITE",
     .group = Group::access,
     .allowed = "lax, strict, none (needs COOKIE_SECURE)",
     .help = "Which requests from other sites carry the session cookie.",
     .standard = "lax",
     .planned = true,
     .parse = choice<&S::cookie_same_site, kSameSites>},
    {.name = "RATE_LIMITS",
     .group = Group::access,
     .allowed = kBoolean,
     .help = "General request limits (RateLimit headers, 429); off for load tests. The limits on codes and guesses "
             "always hold.",
     .standard = "on",
     .parse = parsed_by<&S::rate_limits, parse_boolean>},

    // ---- phone numbers and messages ----
    {.name = "PHONE_VERIFICATION",
     .group = Group::phone,
     .allowed = "required, off (development only)",
     .help = "off registers a number without proof that the caller owns it.",
     .standard = "required",
     .parse = choice<&S::phone_verification, kPhoneVerifications>},
    {.name = "SMS_PROVIDER",
     .group = Group::phone,
     .allowed = "console (development only), telesign, none",
     .help = "Who will send codes, which this version does not do yet; telesign demands numbers that can exist.",
     .standard = "console",
     .production = "none",
     .parse = choice<&S::sms_provider, kSmsProviders>},
    {.name = "TELESIGN_CUSTOMER_ID",
     .group = Group::phone,
     .allowed = "the account's customer id",
     .help = "Telesign account; needed with SMS_PROVIDER=telesign.",
     .planned = true,
     .parse = parsed_by<&S::telesign_customer_id, parse_word>},
    {.name = "TELESIGN_API_KEY",
     .group = Group::phone,
     .allowed = "the account's key, as Telesign shows it",
     .help = "Telesign key; needed with SMS_PROVIDER=telesign.",
     .secret = true,
     .planned = true,
     .parse = parsed_by<&S::telesign_api_key, parse_key>},
    {.name = "TELESIGN_BASE_URL",
     .group = Group::phone,
     .allowed = kHttpAddress,
     .help = "Telesign's REST host; enterprise accounts use https://rest-ww.telesign.com.",
     .standard = "https://rest-api.telesign.com",
     .planned = true,
     .parse = parsed_by<&S::telesign_base_url, parse_base_url>},
    {.name = "TELESIGN_VERIFY_URL",
     .group = Group::phone,
     .allowed = kHttpAddress,
     .help = "Telesign's host of the Verify API.",
     .standard = "https://verify.telesign.com",
     .planned = true,
     .parse = parsed_by<&S::telesign_verify_url, parse_base_url>},
    {.name = "TELESIGN_DETECT_URL",
     .group = Group::phone,
     .allowed = kHttpAddress,
     .help = "Telesign's host of the Intelligence API.",
     .standard = "https://detect.telesign.com",
     .planned = true,
     .parse = parsed_by<&S::telesign_detect_url, parse_base_url>},

    // ---- the agent ----
    {.name = "OPENAI_API_KEY",
     .group = Group::agent,
     .allowed = "the key, without spaces",
     .help = "Key of the model provider.",
     .secret = true,
     .planned = true,
     .parse = parsed_by<&S::openai_api_key, parse_key>},
    {.name = "OPENAI_BASE_URL",
     .group = Group::agent,
     .allowed = kHttpAddress,
     .help = "Any server that speaks OpenAI's API.",
     .standard = "https://api.openai.com/v1",
     .planned = true,
     .parse = parsed_by<&S::openai_base_url, parse_base_url>},
    {.name = "OPENAI_MODEL",
     .group = Group::agent,
     .allowed = "a model's name",
     .help = "The model that answers.",
     .standard = "gpt-4o-mini",
     .planned = true,
     .parse = parsed_by<&S::openai_model, parse_word>},
    {.name = "OPENAI_ALLOWED_MODELS",
     .group = Group::agent,
     .allowed = "comma-separated names of models",
     .help = "Other models that a request may choose; any other is replaced by OPENAI_MODEL.",
     .planned = true,
     .parse = parsed_by<&S::openai_allowed_models, parse_words>},
    {.name = "ENABLE_TOOL_LOGGING",
     .group = Group::agent,
     .allowed = kBoolean,
     .help = "Keep a log of every tool call.",
     .standard = "true",
     .planned = true,
     .parse = parsed_by<&S::enable_tool_logging, parse_boolean>},
    {.name = "LOG_DIR",
     .group = Group::agent,
     .allowed = kFilePath,
     .help = "Folder of tool_calls.json and tool_calls.log.",
     .computed = "logs in DATA_DIR",
     .planned = true,
     .parse = parsed_by<&S::log_dir, parse_path>},

    // ---- logs ----
    {.name = "LOG_LEVEL",
     .group = Group::logs,
     .allowed = "trace, debug, info, warn, error",
     .help = "The least important messages that are still logged.",
     .standard = "info",
     .computed = "info, with DEBUG on: debug",
     .parse = choice<&S::log_level, kLogLevels>},
    {.name = "LOG_FORMAT",
     .group = Group::logs,
     .allowed = "auto, text, json",
     .help = "auto is text on a terminal and one JSON object a line elsewhere.",
     .standard = "auto",
     .parse = choice<&S::log_format, kLogFormats>},
    {.name = "LOG_FILE",
     .group = Group::logs,
     .allowed = kFilePath,
     .help = "Log into this file, opened anew on SIGHUP.",
     .computed = "standard error",
     .parse = parsed_by<&S::log_file, parse_path>},
};

}  // namespace

std::span<const Variable> variables() { return kVariables; }

std::string_view default_value(const Variable& variable, Environment environment) {
  const bool differs = environment == Environment::production && !variable.production.empty();
  return differs ? variable.production : variable.standard;
}

std::string default_text(const Variable& variable) {
  if (!variable.computed.empty()) return std::string(variable.computed);
  if (variable.standard.empty()) return "empty";
  if (variable.production.empty()) return std::string(variable.standard);
  return std::string(variable.standard) + " (development), " + std::string(variable.production) + " (production)";
}

std::string_view heading(Group group) {
  switch (group) {
    case Group::server:
      return "Server";
    case Group::storage:
      return "Storage";
    case Group::keys:
      return "Keys and tokens";
    case Group::access:
      return "Who may ask";
    case Group::phone:
      return "Phone numbers and messages";
    case Group::agent:
      return "The agent";
    case Group::logs:
      return "Logs";
  }
  return "";  // unreachable: -Wswitch keeps the list above total
}

}  // namespace kriya::config
