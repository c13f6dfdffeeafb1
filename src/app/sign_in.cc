#include "app/sign_in.h"

namespace kriya::app {
SignIn::SignIn(const config::Settings& settings, const std::string& public_url, identity::KeyRing key_ring,
               storage::Database& database, verification::Verification& verification, messaging::Messenger& messenger,
               const verification::MessageTexts& texts, messaging::MessageStore& messages, const Clock& clock,
               const telemetry::Log& log, telemetry::Metrics& metrics)
    : keys(std::move(key_ring)),
      tokens(keys, {.audience = public_url, .life = settings.token_life, .clock_skew = settings.jwt_clock_skew}, clock),
      accounts(database),
      sessions(database),
      issuer({.idle = settings.session_idle, .life = settings.session_life}, settings.master_key, tokens, clock,
             metrics),
      registration({.verification_required = settings.phone_verification == config::PhoneVerification::required,
                    .demand_valid_numbers = settings.sms_provider == config::SmsProvider::telesign},
                   accounts, sessions, issuer, tokens, verification, clock, metrics),
      refresh(sessions, issuer, clock, metrics),
      validation(accounts, sessions, tokens, clock, metrics),
      own_sessions(validation, accounts, sessions, clock),
      reauthentication(validation, sessions, verification, clock),
      phone_change(validation, accounts, issuer, verification, messenger, texts, clock, log),
      conversations(database),
      account_data(validation, accounts, sessions, messages, &conversations, clock, metrics) {}

}  // namespace kriya::app
