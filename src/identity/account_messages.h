// The bodies of what a signed-in person does with sessions and account.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "identity/session.h"
#include "identity/user.h"
#include "messaging/message.h"
#include "phone/phone_number.h"
#include "schema/described.h"

namespace kriya::identity {

/// One of the places where a person is signed in.
struct SessionBody {
  std::string id;
  bool current = false;  // the one that asks
  Timestamp started_at;
  Timestamp last_seen_at;  // sign-in or last refresh
  Timestamp expires_at;
  std::string client_address;
  std::string user_agent;
};
BOOST_DESCRIBE_STRUCT(SessionBody, (), (id, current, started_at, last_seen_at, expires_at, client_address, user_agent))

struct SessionList {
  std::vector<SessionBody> sessions;  // oldest first
};
BOOST_DESCRIBE_STRUCT(SessionList, (), (sessions))

/// What DELETE /api/auth/sessions/{id} reads.
struct SessionId {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(SessionId, (), (id))

/// Body of POST /api/auth/phone.
struct PhoneChangeRequest {
  PhoneNumber phone_number;
  std::optional<messaging::Channel> channel;
};
BOOST_DESCRIBE_STRUCT(PhoneChangeRequest, (), (phone_number, channel))

/// A user with all columns.
struct ExportedUser {
  Uuid id;
  std::string phone_number;
  std::string first_name;
  std::optional<std::string> last_name;
  std::optional<std::string> email;
  Timestamp created_at;
  std::int64_t token_version = 0;
  std::optional<std::string> scope;
};
BOOST_DESCRIBE_STRUCT(ExportedUser, (),
                      (id, phone_number, first_name, last_name, email, created_at, token_version, scope))

struct ExportedSession {
  std::string id;
  Timestamp started_at;
  std::optional<Timestamp> proven_at;
  Timestamp last_seen_at;
  Timestamp expires_at;
  std::optional<Timestamp> ended_at;
  std::string client_address;
  std::string user_agent;
};
BOOST_DESCRIBE_STRUCT(ExportedSession, (),
                      (id, started_at, proven_at, last_seen_at, expires_at, ended_at, client_address, user_agent))

struct ExportedToken {
  Uuid id;
  Timestamp issued_at;
  Timestamp expires_at;
  std::string client_address;
  std::string user_agent;
};
BOOST_DESCRIBE_STRUCT(ExportedToken, (), (id, issued_at, expires_at, client_address, user_agent))

/// All that is stored about a user.
struct AccountExport {
  ExportedUser user;
  std::vector<ExportedSession> sessions;
  std::vector<ExportedToken> issued_tokens;
  std::vector<messaging::MessageRecord> messages;
  std::vector<json::object> conversations;  // with the agent
};
BOOST_DESCRIBE_STRUCT(AccountExport, (), (user, sessions, issued_tokens, messages, conversations))

ExportedUser to_export(const User& user);
ExportedSession to_export(const Session& session);
ExportedToken to_export(const TokenRecord& token);

}  // namespace kriya::identity
