// What a person may have of an account: all of it told, all of it gone.
#pragma once

#include "identity/account_messages.h"
#include "identity/account_store.h"
#include "identity/personal_data.h"
#include "identity/session_store.h"
#include "identity/token_validation.h"
#include "messaging/message_store.h"

namespace kriya::identity {

/// All that is stored about a user, without the content of messages (which is not kept) and without secrets. Errors:
/// those of Database. `others` null: nobody else keeps anything.
Task<Result<AccountExport>> collect_account(AccountStore& accounts, SessionStore& sessions,
                                            messaging::MessageStore& messages, PersonalData* others, User user,
                                            Deadline deadline);

/// Stateless; safe to call from any I/O thread.
class AccountData {
 public:
  AccountData(TokenValidation& validation, AccountStore& accounts, SessionStore& sessions,
              messaging::MessageStore& messages, PersonalData* others, const Clock& clock, telemetry::Metrics& metrics);

  /// Errors: invalid_token; those of Database.
  Task<Result<AccountExport>> export_all(TokenClaims claims, Deadline deadline);

  /// Deletes the account for good: user, sessions, tokens, conversations. Records of messages keep an id that is
  /// nobody's any more. Errors: invalid_token, reauthentication_required; those of Database.
  Task<Result<LogoutAnswer>> remove(TokenClaims claims, Deadline deadline);

 private:
  TokenValidation& validation_;
  AccountStore& accounts_;
  SessionStore& sessions_;
  messaging::MessageStore& messages_;
  PersonalData* others_;
  const Clock& clock_;
  telemetry::Counter& removed_;
};

}  // namespace kriya::identity
