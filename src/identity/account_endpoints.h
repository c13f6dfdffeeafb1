// What a signed-in person does with sessions and account.
#pragma once

#include "http/router.h"
#include "identity/account_data.h"
#include "identity/own_sessions.h"
#include "identity/phone_change.h"
#include "identity/reauthentication.h"
#include "identity/token_validation.h"

namespace kriya::identity {

struct AccountServices {
  TokenValidation& validation;
  OwnSessions& sessions;
  Reauthentication& reauthentication;
  PhoneChange& phone_change;
  AccountData& data;
};

/// The services must outlive the router.
void add_account_endpoints(http::Router& router, AccountServices services);

}  // namespace kriya::identity
