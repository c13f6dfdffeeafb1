#include "config/doctor.h"

#include <algorithm>

#include "config/secret_strength.h"
#include "config/url.h"
#include "config/value_parsers.h"

namespace kriya::config {
namespace {

constexpr std::string_view kMakeOne = "set what `kriya secret` prints";

Check ok(std::string title) { return {Verdict::ok, std::move(title), {}}; }

Check advise(std::string title, std::string remedy) { return {Verdict::advice, std::move(title), std::move(remedy)}; }

/// What production does not start with, and development should know about.
Check refuse(const Settings& settings, std::string title, std::string remedy) {
  const Verdict verdict = settings.in_production() ? Verdict::unsafe : Verdict::advice;
  return {verdict, std::move(title), std::move(remedy)};
}

/// RFC 7518 section 3.2: an HMAC key as long as the hash.
std::size_t wanted_secret_bytes(crypto::Algorithm algorithm) {
  switch (algorithm) {
    case crypto::Algorithm::hs384:
      return 48;
    case crypto::Algorithm::hs512:
      return 64;
    default:
      return kLeastSecretBytes;
  }
}

Check jwt_secret(const Settings& settings) {
  const Secret& secret = settings.jwt_secret;
  const std::string remedy = "JWT_SECRET_KEY: " + std::string(kMakeOne);
  if (secret.empty()) return refuse(settings, "No JWT secret is set (development makes one)", remedy);
  if (secret.size() < kLeastSecretBytes) return refuse(settings, "The JWT secret is shorter than 32 bytes", remedy);
  if (const auto weakness = weakness_of(secret)) return refuse(settings, "The JWT secret " + *weakness, remedy);
  const std::size_t wanted = wanted_secret_bytes(settings.jwt_algorithm);
  if (secret.size() < wanted) {
    return advise("The JWT secret is shorter than the hash of JWT_ALGORITHM",
                  "JWT_SECRET_KEY: at least " + std::to_string(wanted) + " bytes (RFC 7518 section 3.2)");
  }
  return ok("The JWT secret is strong");
}

Check previous_secrets(const Settings& settings) {
  for (const Secret& secret : settings.jwt_previous_secrets) {
    if (secret.size() >= kLeastSecretBytes && !weakness_of(secret)) continue;
    return refuse(settings, "A previous JWT secret is weak, and tokens signed with it still count",
                  "JWT_PREVIOUS_KEYS: remove it");
  }
  return ok("Previous JWT secrets are none or strong");
}

Check master_key(const Settings& settings) {
  const Secret& key = settings.master_key;
  if (key.empty() || key.reveal() == settings.jwt_secret.reveal()) {
    return advise("MASTER_KEY is the JWT secret, so changing that one would lock stored data",
                  "MASTER_KEY: " + std::string(kMakeOne) + ", before the first user comes");
  }
  if (key.size() < kLeastSecretBytes || weakness_of(key)) {
    return refuse(settings, "MASTER_KEY is weak", "MASTER_KEY: " + std::string(kMakeOne));
  }
  return ok("MASTER_KEY is set apart");
}

bool is_weak_key(const Secret& key) { return key.size() < kLeastKeyCharacters || weakness_of(key); }

Check plane_api_key(const Settings& settings) {
  const std::string remedy = "PLANE_API_KEY: " + std::string(kMakeOne);
  if (settings.plane_api_keys.empty())
    return refuse(settings, "No PLANE_API_KEY is set (development makes one)", remedy);
  if (std::ranges::any_of(settings.plane_api_keys, is_weak_key)) {
    return refuse(settings, "PLANE_API_KEY is weak", remedy);
  }
  return ok("PLANE_API_KEY is strong");
}

Check messaging_keys(const Settings& settings) {
  if (!std::ranges::any_of(settings.messaging_api_keys, is_weak_key)) return ok("Messaging keys are none or strong");
  return refuse(settings, "A key of MESSAGING_API_KEYS is weak: who guesses it writes in your name, at your cost",
                "MESSAGING_API_KEYS: " + std::string(kMakeOne));
}

Check registration_keys(const Settings& settings) {
  const auto validates_too = [&](const Secret& key) {
    return std::ranges::any_of(settings.plane_api_keys,
                               [&](const Secret& other) { return other.reveal() == key.reveal(); });
  };
  if (std::ranges::any_of(settings.registration_api_keys, is_weak_key)) {
    return refuse(settings, "A key of REGISTRATION_API_KEYS is weak: who guesses it signs in as anybody",
                  "REGISTRATION_API_KEYS: " + std::string(kMakeOne));
  }
  if (std::ranges::any_of(settings.registration_api_keys, validates_too)) {
    return advise("One key both validates tokens and registers numbers",
                  "use different keys in PLANE_API_KEY and REGISTRATION_API_KEYS");
  }
  return ok("Registration keys are none or strong");
}

Check debug_off(const Settings& settings) {
  if (!settings.debug) return ok("DEBUG is off");
  return refuse(settings, "DEBUG is on", "DEBUG=false");
}

Check public_url(const Settings& settings) {
  const std::string remedy = "PUBLIC_URL: the https:// address that people use";
  if (settings.public_url.empty()) return advise("PUBLIC_URL is not set, links and tokens name localhost", remedy);
  const auto url = parse_url(settings.public_url);
  if (!url || url->scheme != "https") return advise("PUBLIC_URL is not HTTPS", remedy);
  if (url->is_loopback()) return advise("PUBLIC_URL names this machine only", remedy);
  return ok("PUBLIC_URL is HTTPS");
}

Check cookies(const Settings& settings) {
  if (settings.cookie_secure) return ok("Cookies travel over HTTPS only");
  return refuse(settings, "Cookies also travel over plain HTTP", "COOKIE_SECURE=true (production always does)");
}

Check origins(const Settings& settings) {
  for (const std::string& origin : settings.allowed_origins) {
    const auto url = parse_url(origin);
    const bool local = url && url->is_loopback();
    if (url && url->scheme == "https" && !local) continue;
    return advise("ALLOWED_ORIGINS holds " + in_quotes(origin) +
                      (local ? ", a page on anyone's own machine" : ", a page that can be altered on its way"),
                  "ALLOWED_ORIGINS: https:// sites only");
  }
  return ok(settings.allowed_origins.empty() ? "No other site may call this server (CORS)"
                                             : "CORS origins are exact and HTTPS");
}

bool listens_beyond_this_machine(const Settings& settings) {
  const auto address = parse_address(settings.host);
  return address && !is_loopback(*address);
}

Check phone_verification(const Settings& settings) {
  if (settings.phone_verification == PhoneVerification::required)
    return ok("A phone number counts only once it is proven");
  const bool open = listens_beyond_this_machine(settings);
  return refuse(
      settings,
      open ? "Anybody who reaches this address signs in as any phone number" : "Phone numbers are not verified",
      open ? "PHONE_VERIFICATION=required, or HOST=127.0.0.1" : "PHONE_VERIFICATION=required");
}

Check sms_provider(const Settings& settings) {
  switch (settings.sms_provider) {
    case SmsProvider::console:
      return refuse(settings, "The SMS provider is the console, which prints instead of sending",
                    "SMS_PROVIDER=telesign, or leave it unset");
    case SmsProvider::telesign:
      return ok("SMS go out by Telesign");
    case SmsProvider::none:
      break;
  }
  if (!settings.registration_api_keys.empty()) return ok("Trusted registrars can sign people in");
  return advise("Nobody can sign in: no code can be sent, and no registrar is trusted",
                "SMS_PROVIDER=telesign, or REGISTRATION_API_KEYS: a key for a server of yours that proves numbers");
}

Check whatsapp_provider(const Settings& settings) {
  switch (settings.whatsapp_provider) {
    case WhatsAppProvider::console:
      return refuse(settings, "The WhatsApp provider is the console, which prints instead of sending",
                    "WHATSAPP_PROVIDER=meta or telesign, or leave it unset");
    case WhatsAppProvider::meta:
      if (settings.whatsapp_app_secret.empty() || settings.whatsapp_verify_token.empty()) {
        return advise("Meta's delivery receipts cannot be received",
                      "WHATSAPP_APP_SECRET and WHATSAPP_VERIFY_TOKEN, and the webhook PUBLIC_URL/webhooks/whatsapp");
      }
      return ok("WhatsApp messages go out by Meta");
    case WhatsAppProvider::telesign:
      return ok("WhatsApp messages go out by Telesign");
    case WhatsAppProvider::none:
      break;
  }
  return ok("No WhatsApp messages are sent");
}

Check pumping_guard(const Settings& settings) {
  const bool sends = settings.sms_provider == SmsProvider::telesign;
  if (!sends || settings.pumping_guard == PumpingGuard::deny) return ok("SMS pumping is refused, or nothing is sent");
  if (!settings.allowed_countries.empty()) return ok("Codes go to the countries of ALLOWED_COUNTRIES alone");
  return advise("Codes go to every country, and SMS pumping is at most recorded",
                "ALLOWED_COUNTRIES: where your people are; or SMS_PUMPING_GUARD=deny");
}

Check test_numbers(const Settings& settings, const Surroundings& surroundings) {
  if (settings.test_numbers.empty()) return ok("There are no test numbers");
  if (test_numbers_are_over(settings, surroundings)) {
    return advise("TEST_PHONE_NUMBERS have not counted since " + settings.test_numbers_until + " ended",
                  "TEST_PHONE_NUMBERS_UNTIL: a day to come; or no TEST_PHONE_NUMBERS");
  }
  return advise("Whoever knows the codes of TEST_PHONE_NUMBERS signs in as these until " + settings.test_numbers_until,
                "TEST_PHONE_NUMBERS: none when the review is over");
}

Check database(const Settings& settings) {
  if (settings.database.engine == DatabaseUrl::Engine::postgres) return ok("The database is PostgreSQL");
  return advise("The database is SQLite, which is fine for one machine",
                "run one instance, and back up " + settings.database.path.string());
}

Check redis(const Settings& settings) {
  if (!settings.redis_url.empty()) return ok("Instances share request limits through Redis");
  return ok("What may expire lives in this process, which is fine for one instance");
}

Check proxies(const Settings& settings) {
  const auto everything = [](const Cidr& range) { return range.is_everything(); };
  if (std::ranges::any_of(settings.trusted_proxies, everything)) {
    return advise("TRUSTED_PROXIES trusts every address, so any client may claim to be another",
                  "TRUSTED_PROXIES: the addresses of your own proxies");
  }
  if (!settings.trusted_proxies.empty()) return ok("TRUSTED_PROXIES names the proxies");
  return advise("No proxy is trusted; behind a TLS proxy all clients look like one",
                "TRUSTED_PROXIES: the address of the proxy");
}

Check rate_limits(const Settings& settings) {
  if (settings.rate_limits) return ok("Request limits are not switched off");
  return refuse(settings, "Request limits are switched off", "RATE_LIMITS=on");
}

Check metrics(const Settings& settings) {
  if (settings.metrics_token.empty()) {
    return advise("/metrics asks for no token; a proxy on this machine that hides its clients would open it to all",
                  "METRICS_TOKEN: " + std::string(kMakeOne));
  }
  if (is_weak_key(settings.metrics_token)) {
    return refuse(settings, "METRICS_TOKEN is weak", "METRICS_TOKEN: " + std::string(kMakeOne));
  }
  return ok("/metrics asks for a token");
}

Check logs(const Settings& settings) {
  if (settings.log_level > LogLevel::debug) return ok("Logs are at a quiet level");
  return advise("Logs are at a talkative level", "LOG_LEVEL=info");
}

Check privacy_of(const PrivateFile& file, const Settings& settings) {
  if (!file.readable_by_others) return ok(file.path.string() + " is closed to other accounts");
  const std::string title = file.path.string() + " can be read by every account of this machine";
  const std::string remedy = "chmod 600 " + file.path.string();
  return file.holds_secrets ? refuse(settings, title, remedy) : advise(title, remedy);
}

Check database_answers(const Surroundings& surroundings) {
  return {Verdict::unsafe, "The database cannot be used: " + surroundings.database_problem,
          "DATABASE_URL, or the server that it names"};
}

Check instances_fit_together(const Settings& settings, const Surroundings& surroundings) {
  const std::string count = std::to_string(surroundings.instances) + " instances run on this database";
  if (!surroundings.limits_counted_apart) return ok(count + " and share their limits");
  return refuse(settings, count + " and count request limits apart, so each allows the whole quota",
                "REDIS_URL: the same Redis for all");
}

constexpr auto kChecklist = {
    jwt_secret,
    previous_secrets,
    master_key,
    plane_api_key,
    registration_keys,
    messaging_keys,
    debug_off,
    public_url,
    cookies,
    origins,
    phone_verification,
    sms_provider,
    whatsapp_provider,
    pumping_guard,
    database,
    redis,
    proxies,
    rate_limits,
    metrics,
    logs,
};

std::string mark(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "✔ ";
    case Verdict::advice:
      return "! ";
    case Verdict::unsafe:
      return "✘ ";
  }
  return {};  // unreachable: -Wswitch keeps the list above total
}

std::string summary(const std::vector<Check>& checks) {
  const auto count = [&](Verdict verdict) {
    return std::to_string(std::ranges::count(checks, verdict, &Check::verdict));
  };
  return count(Verdict::ok) + " fine, " + count(Verdict::advice) + " to consider, " + count(Verdict::unsafe) +
         " unsafe";
}

}  // namespace

std::vector<Check> examine(const Settings& settings, const Surroundings& surroundings) {
  std::vector<Check> checks;
  for (const auto check : kChecklist) checks.push_back(check(settings));
  checks.push_back(test_numbers(settings, surroundings));
  if (!surroundings.database_problem.empty()) checks.push_back(database_answers(surroundings));
  if (surroundings.instances > 1) checks.push_back(instances_fit_together(settings, surroundings));
  for (const PrivateFile& file : surroundings.files) checks.push_back(privacy_of(file, settings));
  return checks;
}

bool test_numbers_are_over(const Settings& settings, const Surroundings& surroundings) {
  // Dates of this form are in order where their texts are.
  return !settings.test_numbers.empty() && settings.test_numbers_until < surroundings.today;
}

std::vector<Check> as_checks(const Problems& problems) {
  std::vector<Check> checks;
  for (const Problem& problem : problems) checks.push_back({Verdict::unsafe, problem.where, problem.message});
  return checks;
}

bool any_unsafe(const std::vector<Check>& checks) {
  return std::ranges::count(checks, Verdict::unsafe, &Check::verdict) > 0;
}

std::string render(const std::vector<Check>& checks) {
  std::string text;
  for (const Check& check : checks) {
    text += mark(check.verdict) + check.title;
    if (check.verdict != Verdict::ok) text += " — " + check.remedy;
    text += '\n';
  }
  return text + summary(checks) + '\n';
}

}  // namespace kriya::config
