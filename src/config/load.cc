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

void check_what_must_agree(const Settings& settings, Findings& findings) {
  if (settings.cookie_same_site == SameSite::none && !settings.cookie_secure) {
    findings.add("COOKIE_SAMESITE", "got \"none\", which browsers accept with COOKIE_SECURE=true only");
  }
  if (settings.sms_provider != SmsProvider::telesign) return;
  constexpr std::string_view kNeeded = "got nothing; SMS_PROVIDER=telesign needs it";
  if (settings.telesign_customer_id.empty()) findings.add("TELESIGN_CUSTOMER_ID", std::string(kNeeded));
  if (settings.telesign_api_key.empty()) findings.add("TELESIGN_API_KEY", std::string(kNeeded));
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
