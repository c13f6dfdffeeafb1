#include "config/load.h"

#include <algorithm>
#include <array>
#include <thread>

#include "config/secret_strength.h"
#include "config/table.h"

namespace kriya::config {
namespace {

/// Gathers problems, at most one for each variable: the rules below need not ask whether its value could be read.
class Findings {
 public:
  void add(std::string_view variable, std::string message) {
    const auto same = [&](const Problem& problem) { return problem.where == variable; };
    if (std::ranges::none_of(problems_, same)) problems_.push_back({std::string(variable), std::move(message)});
  }

  /// In the order of the table, which is that of the documents.
  Problems take() {
    const auto row = [](const Problem& problem) {
      return std::ranges::find(variables(), problem.where, &Variable::name);
    };
    std::ranges::sort(problems_, {}, row);
    return std::move(problems_);
  }

 private:
  Problems problems_;
};

std::string_view text_of(const VariableMap& given, const Variable& variable) {
  const auto found = given.find(variable.name);
  if (found == given.end()) return {};
  return variable.secret ? std::string_view(found->second) : trim(found->second);
}

std::string size_of(std::string_view secret) { return "a secret of " + std::to_string(secret.size()) + " bytes"; }

void read_variable(const Variable& variable, std::string_view text, Settings& settings, Findings& findings) {
  const std::string_view value = text.empty() ? default_value(variable, settings.environment) : text;
  if (value.empty()) return;
  const auto parsed = variable.parse(value, settings);
  if (parsed) return;
  std::string message = "got " + (variable.secret ? size_of(value) : in_quotes(value));
  if (!parsed.error().empty()) message += "; " + parsed.error();
  findings.add(variable.name, message + "; allowed: " + std::string(variable.allowed));
}

bool is_given(const VariableMap& given, std::string_view name) {
  const auto found = given.find(name);
  return found != given.end() && !trim(found->second).empty();
}

/// Defaults that other values decide.
void work_out_defaults(Settings& settings, const VariableMap& given) {
  if (settings.workers == 0) settings.workers = std::clamp(std::thread::hardware_concurrency(), 1U, 256U);
  const bool sqlite = settings.database.engine == DatabaseUrl::Engine::sqlite;
  if (sqlite && settings.database.path.empty()) settings.database.path = settings.data_dir / "kriya.db";
  if (settings.log_dir.empty()) settings.log_dir = settings.data_dir / "logs";
  if (settings.debug && !is_given(given, "LOG_LEVEL")) settings.log_level = LogLevel::debug;
  if (settings.in_production()) settings.cookie_secure = true;
}

/// Every provider that was chosen needs its account.
void check_providers(const Settings& settings, Findings& findings) {
  const auto need = [&](std::string_view variable, bool given, const char* chosen) {
    if (!given) findings.add(variable, std::string("got nothing; ") + chosen + " needs it");
  };
  const char* telesign = settings.sms_provider == SmsProvider::telesign             ? "SMS_PROVIDER=telesign"
                         : settings.whatsapp_provider == WhatsAppProvider::telesign ? "WHATSAPP_PROVIDER=telesign"
                         : settings.risk_check == RiskCheck::telesign               ? "RISK_CHECK=telesign"
                                                                                    : nullptr;
  if (telesign != nullptr) {
    need("TELESIGN_CUSTOMER_ID", !settings.telesign_customer_id.empty(), telesign);
    need("TELESIGN_API_KEY", !settings.telesign_api_key.empty(), telesign);
  }
  if (settings.whatsapp_provider == WhatsAppProvider::meta) {
    need("WHATSAPP_PHONE_NUMBER_ID", !settings.whatsapp_phone_number_id.empty(), "WHATSAPP_PROVIDER=meta");
    need("WHATSAPP_ACCESS_TOKEN", !settings.whatsapp_access_token.empty(), "WHATSAPP_PROVIDER=meta");
  }
  if (settings.code_provider == CodeProvider::telesign && settings.sms_provider != SmsProvider::telesign) {
    findings.add("CODE_PROVIDER", "got \"telesign\"; allowed with SMS_PROVIDER=telesign only");
  }
}

void check_what_must_agree(const Settings& settings, Findings& findings) {
  if (settings.cookie_same_site == SameSite::none && !settings.cookie_secure) {
    findings.add("COOKIE_SAMESITE", "got \"none\", which browsers accept with COOKIE_SECURE=true only");
  }
  check_providers(settings, findings);
  if (settings.risk_flag_score > settings.risk_block_score) {
    findings.add("RISK_FLAG_SCORE", "got more than RISK_BLOCK_SCORE; allowed: at most as much");
  }
  if (settings.session_idle > settings.session_life) {
    findings.add("SESSION_IDLE_DAYS", "got more than SESSION_MAX_DAYS; allowed: at most as much");
  }
  if (!settings.test_numbers.empty() && settings.test_numbers_until.empty()) {
    findings.add("TEST_PHONE_NUMBERS_UNTIL",
                 "got nothing; TEST_PHONE_NUMBERS needs it; allowed: a date like 2026-12-31");
  }
}

void check_strength(std::string_view variable, std::span<const Secret> values, std::size_t least, Findings& findings) {
  for (const Secret& secret : values) {
    if (secret.empty()) continue;
    if (secret.size() < least) {
      findings.add(variable, "got " + size_of(secret.reveal()) + "; allowed in production: at least " +
                                 std::to_string(least) + " characters; `kriya secret` prints a strong one");
    } else if (const auto weakness = weakness_of(secret)) {
      findings.add(variable, "got " + size_of(secret.reveal()) + " that " + *weakness +
                                 "; allowed in production: what nobody can guess; `kriya secret` prints a strong one");
    }
  }
}

void check_secrets_of_production(const Settings& settings, Findings& findings) {
  constexpr std::string_view kRequired = "got nothing; production requires it; `kriya secret` prints a strong one";
  if (settings.jwt_secret.empty()) findings.add("JWT_SECRET_KEY", std::string(kRequired));
  if (settings.plane_api_keys.empty()) findings.add("PLANE_API_KEY", std::string(kRequired));

  const auto one = [](const Secret& secret) { return std::span<const Secret>(&secret, 1); };
  check_strength("JWT_SECRET_KEY", one(settings.jwt_secret), kLeastSecretBytes, findings);
  check_strength("JWT_PREVIOUS_KEYS", settings.jwt_previous_secrets, kLeastSecretBytes, findings);
  check_strength("MASTER_KEY", one(settings.master_key), kLeastSecretBytes, findings);
  check_strength("PLANE_API_KEY", settings.plane_api_keys, kLeastKeyCharacters, findings);
  check_strength("REGISTRATION_API_KEYS", settings.registration_api_keys, kLeastKeyCharacters, findings);
  check_strength("MESSAGING_API_KEYS", settings.messaging_api_keys, kLeastKeyCharacters, findings);
  check_strength("METRICS_TOKEN", one(settings.metrics_token), kLeastKeyCharacters, findings);
}

void refuse_development_shortcuts(const Settings& settings, Findings& findings) {
  if (settings.phone_verification == PhoneVerification::off) {
    findings.add("PHONE_VERIFICATION", "got \"off\"; allowed in production: required");
  }
  if (settings.sms_provider == SmsProvider::console) {
    findings.add("SMS_PROVIDER",
                 "got \"console\", which prints codes instead of sending them; allowed in production: telesign, none");
  }
  if (settings.whatsapp_provider == WhatsAppProvider::console) {
    findings.add("WHATSAPP_PROVIDER",
                 "got \"console\", which prints messages instead of sending them; allowed in production: meta, "
                 "telesign, none");
  }
  if (!settings.test_numbers.empty() && !settings.test_numbers_in_production) {
    findings.add("TEST_PHONE_NUMBERS", "is set; allowed in production: nothing, or TEST_NUMBERS_IN_PRODUCTION=true");
  }
  if (settings.debug) findings.add("DEBUG", "is on; allowed in production: false");
  if (!settings.rate_limits) findings.add("RATE_LIMITS", "is off; allowed in production: on");
}

}  // namespace

tl::expected<Settings, Problems> load(const VariableMap& given) {
  Settings settings;
  Findings findings;
  for (const Variable& variable : variables()) read_variable(variable, text_of(given, variable), settings, findings);
  work_out_defaults(settings, given);
  check_what_must_agree(settings, findings);
  if (settings.in_production()) {
    check_secrets_of_production(settings, findings);
    refuse_development_shortcuts(settings, findings);
  }
  if (Problems problems = findings.take(); !problems.empty()) return tl::unexpected(std::move(problems));
  return settings;
}

}  // namespace kriya::config
