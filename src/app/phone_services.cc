#include "app/phone_services.h"

#include "config/url.h"

namespace kriya::app {
namespace {

using config::Settings;
using messaging::Channel;

std::vector<Channel> channels_of(const Settings& settings) {
  std::vector<Channel> channels;
  for (const std::string& name : settings.verification_channels) {
    channels.push_back(*schema::parse_word<Channel>(name));  // the table lets no other word through
  }
  return channels;
}

verification::PumpingGuard guard_of(config::PumpingGuard guard) {
  switch (guard) {
    case config::PumpingGuard::off:
      return verification::PumpingGuard::off;
    case config::PumpingGuard::record:
      return verification::PumpingGuard::record;
    case config::PumpingGuard::deny:
      return verification::PumpingGuard::deny;
  }
  return verification::PumpingGuard::deny;
}

verification::CodeVerification::Rules rules_of(const Settings& settings) {
  verification::CodeVerification::Rules rules;
  rules.code_length = settings.code_length;
  rules.code_life = settings.code_life;
  rules.provider_codes = settings.code_provider == config::CodeProvider::telesign;
  rules.channels = channels_of(settings);
  rules.allowed_countries = settings.allowed_countries;
  rules.denied_countries = settings.denied_countries;
  rules.sending.limits.codes_per_day = settings.codes_per_day;
  rules.sending.pumping_guard = guard_of(settings.pumping_guard);
  rules.sending.risk_fails_open = settings.risk_on_failure == config::OnFailure::open;
  for (const config::TestNumber& number : settings.test_numbers) {
    const auto parsed = PhoneNumber::parse(number.phone_number);  // to the one spelling that callers' numbers get
    rules.test_numbers.push_back({parsed ? parsed->str() : number.phone_number, number.code});
  }
  if (const auto last_day = parse_rfc3339(settings.test_numbers_until + "T00:00:00Z")) {
    rules.test_numbers_until = *last_day + std::chrono::hours(24);
  }
  return rules;
}

std::string host_of(const std::string& public_url) {
  const auto url = config::parse_url(public_url);
  return url ? url->host : "localhost";
}

}  // namespace

Result<std::unique_ptr<PhoneServices>> PhoneServices::open(const Settings& settings, const std::string& public_url,
                                                           storage::Database& database, const Clock& clock,
                                                           const telemetry::Log& log, telemetry::Metrics& metrics) {
  auto services = std::unique_ptr<PhoneServices>(new PhoneServices);
  auto providers = Providers::open(settings, public_url, clock);
  if (!providers) return fail(std::move(providers.error()));
  services->providers_ = *std::move(providers);
  auto texts = verification::MessageTexts::load({.service_name = settings.service_name,
                                                 .host = host_of(public_url),
                                                 .code_length = settings.code_length,
                                                 .folder = settings.message_templates});
  if (!texts) return fail(std::move(texts.error()));
  services->texts_ = *std::move(texts);
  services->outbox_.emplace(messaging::Outbox::Parts{.database = database,
                                                     .master = settings.master_key,
                                                     .senders = services->providers_->senders,
                                                     .pollers = services->providers_->pollers,
                                                     .clock = clock,
                                                     .log = log,
                                                     .metrics = metrics});
  services->events_.emplace(database, clock);
  const bool scores = settings.risk_check == config::RiskCheck::telesign;
  services->verification_.emplace(
      rules_of(settings), settings.master_key,
      verification::CodeVerification::Parts{.database = database,
                                            .messenger = *services->outbox_,
                                            .texts = *services->texts_,
                                            .events = *services->events_,
                                            .clock = clock,
                                            .risk = scores ? services->providers_->risk : nullptr,
                                            .verifier = services->providers_->code_verifier});
  return services;
}

}  // namespace kriya::app
