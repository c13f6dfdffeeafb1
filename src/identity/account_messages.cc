#include "identity/account_messages.h"

namespace kriya::identity {

ExportedUser to_export(const User& user) {
  return {.id = user.id,
          .phone_number = user.phone_number,
          .first_name = user.first_name,
          .last_name = user.last_name,
          .email = user.email,
          .created_at = user.created_at,
          .token_version = user.token_version,
          .scope = user.scope};
}

ExportedSession to_export(const Session& session) {
  return {.id = session.id,
          .started_at = session.started_at,
          .proven_at = session.proven_at,
          .last_seen_at = session.last_seen_at,
          .expires_at = session.expires_at,
          .ended_at = session.ended_at,
          .client_address = session.client_address,
          .user_agent = session.user_agent};
}

ExportedToken to_export(const TokenRecord& token) {
  return {.id = token.id,
          .issued_at = token.issued_at,
          .expires_at = token.expires_at,
          .client_address = token.client_address,
          .user_agent = token.user_agent};
}

}  // namespace kriya::identity
