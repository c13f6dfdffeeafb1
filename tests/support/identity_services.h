// The services of identity over a database, with a clock that is turned and codes that are known.
#pragma once

#include <string>

#include "identity/account_data.h"
#include "identity/browser_sign_in.h"
#include "identity/own_sessions.h"
#include "identity/phone_change.h"
#include "identity/reauthentication.h"
#include "identity/registration.h"
#include "identity/token_refresh.h"
#include "identity/token_validation.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_messenger.h"
#include "tests/support/fake_verification.h"
#include "tests/support/test_database.h"

namespace kriya::tests {

/// One instance of the server, as far as identity goes: any number of them may share a database.
struct IdentityServices {
  IdentityServices(TestDatabase& database, const Clock& given_clock, identity::Registration::Rules rules = {})
      : clock(given_clock),
        connection(database.connect()),
        accounts(*connection),
        sessions(*connection),
        issuer({}, Secret("a-master-key-of-more-than-32-bytes!!!!"), tokens, clock, database.metrics()),
        registration(rules, accounts, sessions, issuer, tokens, verification, clock, database.metrics()),
        refresh(sessions, issuer, clock, database.metrics()),
        validation(accounts, sessions, tokens, clock, database.metrics()),
        own_sessions(validation, accounts, sessions, clock),
        reauthentication(validation, sessions, verification, clock),
        phone_change(validation, accounts, issuer, verification, messenger, texts, clock, database.log()),
        messages(*connection),
        account_data(validation, accounts, sessions, messages, nullptr, clock, database.metrics()),
        browsers(gate(), {.development = true, .demo_token = [] { return "demo-token"; }}, registration, accounts,
                 sessions, issuer, clock),
        production_browsers(gate(), {}, registration, accounts, sessions, issuer, clock) {}

  const Clock& clock;
  std::unique_ptr<storage::Database> connection;  // of its own, as every instance has
  identity::KeyRing keys = identity::KeyRing::from_secrets(crypto::Algorithm::hs256, Secret(std::string(32, 'k')), {});
  identity::UserTokens tokens{keys, {.audience = "http://localhost"}, clock};
  identity::AccountStore accounts;
  identity::SessionStore sessions;
  identity::SignInIssuer issuer;
  FakeVerification verification;
  FakeMessenger messenger;
  identity::Registration registration;
  identity::TokenRefresh refresh;
  identity::TokenValidation validation;
  identity::OwnSessions own_sessions;
  identity::Reauthentication reauthentication;
  verification::MessageTexts texts =
      verification::MessageTexts::load({.service_name = "Kriya", .host = "localhost", .folder = {}}).value();
  identity::PhoneChange phone_change;
  messaging::MessageStore messages;
  identity::AccountData account_data;
  identity::BrowserSignIn browsers;             // in development
  identity::BrowserSignIn production_browsers;  // of the same sessions

  static access::BrowserGate gate() {
    return {{Secret("a-master-key-of-more-than-32-bytes!!!!"), {}}, {"http://localhost", {}, {}}};
  }

  identity::TokenClaims claims(const std::string& token) const { return tokens.read(token).value(); }

  bool valid(std::string token) {
    return run_to_completion(validation.validate(std::move(token), soon())).value().valid;
  }

  /// A caller with the token, as the access rules leave it.
  http::Caller caller(const std::string& token = {}, bool trusted = false) const {
    http::Caller caller{.address = "203.0.113.7",
                        .user_agent = "curl",
                        .request_id = "r",
                        .deadline = soon(),
                        .trusted_registrar = trusted,
                        .bearer = token};
    if (!token.empty()) caller.token = claims(token);
    return caller;
  }

  static identity::RegisterRequest request(const char* phone = "+14155550123", const char* first_name = "Asha") {
    return {.phone_number = *PhoneNumber::parse(phone),
            .first_name = *PersonName::parse(first_name),
            .last_name = {},
            .email = {},
            .channel = {},
            .refresh_token = {}};
  }

  /// Opens a challenge and answers it: a sign-in of somebody who holds the phone.
  identity::SignInAnswer sign_in(const char* phone = "+14155550123") {
    const auto begun = run_to_completion(registration.begin(request(phone), caller())).value();
    const std::string id = std::get<identity::VerificationStarted>(begun).verification.id;
    return run_to_completion(registration.verify({id, FakeVerification::kCode}, caller())).value();
  }

  Result<identity::SignInAnswer> renew(std::string refresh_token) {
    return run_to_completion(refresh.refresh(std::move(refresh_token), caller()));
  }
};

}  // namespace kriya::tests
