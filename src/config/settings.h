// The whole configuration as typed values. Made by load() from the one table in table.cc; nothing else reads variables.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/secret.h"
#include "config/cidr.h"
#include "crypto/algorithm.h"

namespace kriya::config {

enum class Environment { development, production };
enum class SameSite { lax, strict, none };
enum class PhoneVerification { required, off };
enum class SmsProvider { none, console, telesign };
enum class WhatsAppProvider { none, console, telesign, meta };
enum class CodeProvider { own, telesign };
enum class PumpingGuard { off, record, deny };
enum class RiskCheck { off, telesign };
enum class OnFailure { open, closed };
enum class ToolApproval { never, writes, always };
enum class LoggedPhones { masked, full };
enum class TelesignAuth { automatic, digest, basic };
enum class LogLevel { trace, debug, info, warn, error };
enum class LogFormat { automatic, text, json };  // automatic: text on a terminal, else JSON

struct DatabaseUrl {
  enum class Engine { sqlite, postgres };

  Engine engine = Engine::sqlite;
  std::filesystem::path path;  // sqlite: the file; as given, so relative to the working directory
  Secret url;                  // postgres: the whole URL with its password
};

/// A number that is never written to and whose code is known beforehand.
struct TestNumber {
  std::string phone_number;  // E.164
  Secret code;
};

/// A server that speaks OpenAI's Chat Completions, by the name that requests use for it.
struct ModelProvider {
  std::string name;
  std::string base_url;  // no trailing slash
  std::string model;
  Secret api_key;  // empty: none is sent
};

struct RedisUrl {
  bool tls = false;
  std::string host;  // a name or an address, IPv6 without brackets
  std::uint16_t port = 6379;
  std::string user;  // empty: Redis's default user
  Secret password;   // empty: none is asked
  unsigned database = 0;

  bool empty() const { return host.empty(); }
};

/// Plain values, valid together once load() has returned them. Defaults live in the table, not here.
struct Settings {
  Environment environment = Environment::development;
  bool debug = false;
  std::string host;  // an IP literal without brackets, or "localhost"
  std::uint16_t port = 0;
  std::vector<Cidr> trusted_proxies;
  std::string public_url;  // no trailing slash; empty: http://localhost:<port>, known once the server listens
  unsigned workers = 0;
  unsigned max_connections = 0;
  unsigned max_connections_per_address = 0;
  std::chrono::seconds shutdown_timeout{};

  std::filesystem::path data_dir;
  DatabaseUrl database;
  bool database_prepared_statements = true;
  unsigned database_connections_per_thread = 0;
  RedisUrl redis_url;  // empty: in-process

  Secret jwt_secret;                         // empty only in development, before fill_missing_secrets()
  std::vector<Secret> jwt_previous_secrets;  // verify, never sign
  Secret master_key;                         // empty: the JWT secret, see fill_missing_secrets()
  crypto::Algorithm jwt_algorithm = crypto::Algorithm::hs256;
  std::chrono::seconds jwt_clock_skew{};
  std::chrono::hours token_life{};
  std::chrono::days session_idle{};
  std::chrono::days session_life{};

  std::vector<Secret> plane_api_keys;  // empty only in development, before fill_missing_secrets()
  std::vector<Secret> registration_api_keys;
  std::vector<Secret> messaging_api_keys;
  Secret metrics_token;
  std::vector<std::string> allowed_origins;  // as browsers write them: lower case, no default port
  bool cookie_secure = false;
  SameSite cookie_same_site = SameSite::lax;
  bool rate_limits = true;

  PhoneVerification phone_verification = PhoneVerification::required;
  unsigned code_length = 0;
  std::chrono::seconds code_life{};
  CodeProvider code_provider = CodeProvider::own;
  std::vector<std::string> verification_channels;  // sms, whatsapp, voice; the first is the one without a wish
  std::string service_name;
  std::filesystem::path message_templates;     // empty: the built-in ones alone
  std::vector<std::string> allowed_countries;  // ISO 3166, upper case; empty: all
  std::vector<std::string> denied_countries;
  unsigned codes_per_day = 0;
  PumpingGuard pumping_guard = PumpingGuard::record;
  RiskCheck risk_check = RiskCheck::off;
  unsigned risk_flag_score = 0;
  unsigned risk_block_score = 0;
  OnFailure risk_on_failure = OnFailure::open;
  std::vector<TestNumber> test_numbers;
  std::string test_numbers_until;  // 2026-12-31, the last day; empty: none was given
  bool test_numbers_in_production = false;

  SmsProvider sms_provider = SmsProvider::none;
  std::string telesign_customer_id;
  Secret telesign_api_key;
  Secret telesign_previous_api_key;  // receipts may still be signed with it
  std::string telesign_sender_id;
  std::string telesign_detect_customer_id;  // these two empty: as above
  Secret telesign_detect_api_key;
  TelesignAuth telesign_auth = TelesignAuth::automatic;
  unsigned telesign_messages_per_second = 0;  // 0: what the account of that host may by default
  bool telesign_callbacks = false;
  std::string telesign_base_url;  // these and the other *_url: no trailing slash
  std::string telesign_verify_url;
  std::string telesign_detect_url;

  WhatsAppProvider whatsapp_provider = WhatsAppProvider::none;
  std::string whatsapp_phone_number_id;
  Secret whatsapp_access_token;
  Secret whatsapp_app_secret;
  Secret whatsapp_verify_token;
  std::string whatsapp_base_url;
  std::string whatsapp_code_template;

  Secret openai_api_key;
  std::string openai_base_url;
  std::string openai_model;
  std::vector<std::string> openai_allowed_models;
  std::vector<ModelProvider> chat_providers;  // besides the one of the OPENAI_* variables
  std::string chat_instructions;              // empty: the built-in ones
  unsigned chat_max_rounds = 0;
  unsigned chat_max_tokens = 0;
  std::chrono::seconds chat_timeout{};
  ToolApproval tool_approval = ToolApproval::writes;
  std::chrono::seconds tool_timeout{};
  std::vector<std::string> mcp_allowed_hosts;  // besides the host of PUBLIC_URL
  bool enable_tool_logging = true;
  LoggedPhones tool_log_phones = LoggedPhones::masked;
  unsigned tool_log_file_megabytes = 0;
  unsigned tool_log_files = 0;  // kept besides the current one; 0: all
  std::filesystem::path log_dir;

  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::automatic;
  std::filesystem::path log_file;  // empty: standard error

  bool in_production() const { return environment == Environment::production; }
};

}  // namespace kriya::config
