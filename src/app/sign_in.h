// Everything about people and their sign-ins, built in order.
#pragma once

#include "app/conversations_of_users.h"
#include "config/settings.h"
#include "identity/account_data.h"
#include "identity/account_store.h"
#include "identity/key_ring.h"
#include "identity/own_sessions.h"
#include "identity/phone_change.h"
#include "identity/reauthentication.h"
#include "identity/registration.h"
#include "identity/session_store.h"
#include "identity/sign_in_issuer.h"
#include "identity/token_refresh.h"
#include "identity/token_validation.h"
#include "identity/user_token.h"

namespace kriya::app {

struct SignIn {
  /// All references must outlive this object.
  SignIn(const config::Settings& settings, const std::string& public_url, identity::KeyRing key_ring,
         storage::Database& database, verification::Verification& verification, messaging::Messenger& messenger,
         const verification::MessageTexts& texts, messaging::MessageStore& messages, const Clock& clock,
         const telemetry::Log& log, telemetry::Metrics& metrics);

  identity::KeyRing keys;
  identity::UserTokens tokens;
  identity::AccountStore accounts;
  identity::SessionStore sessions;
  identity::SignInIssuer issuer;
  identity::Registration registration;
  identity::TokenRefresh refresh;
  identity::TokenValidation validation;
  identity::OwnSessions own_sessions;
  identity::Reauthentication reauthentication;
  identity::PhoneChange phone_change;
  ConversationsOfUsers conversations;
  identity::AccountData account_data;
};

}  // namespace kriya::app
