// What an agent can do with Kriya itself: the list of our own tools.
#pragma once

#include <vector>

#include "identity/account_store.h"
#include "identity/own_sessions.h"
#include "messaging/message_service.h"
#include "tools/own_tool.h"
#include "verification/verification.h"

namespace kriya::tools {

/// What the tools use; it must outlive them. The rules are those of the services, which the endpoints use as well.
struct BuiltInParts {
  identity::AccountStore& accounts;
  identity::OwnSessions& sessions;
  messaging::MessageService& messages;
  verification::Verification& verification;
};

/// All of them, in the order in which they are listed.
std::vector<OwnTool> built_in_tools(BuiltInParts parts);

// The list in parts.
OwnTool add_tool();
OwnTool whoami_tool(identity::AccountStore& accounts);
OwnTool list_my_sessions_tool(identity::OwnSessions& sessions);
std::vector<OwnTool> message_tools(messaging::MessageService& messages);
std::vector<OwnTool> number_tools(messaging::MessageService& messages);
std::vector<OwnTool> verification_tools(verification::Verification& verification);

}  // namespace kriya::tools
