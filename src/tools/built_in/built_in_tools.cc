#include "tools/built_in/built_in_tools.h"

namespace kriya::tools {

std::vector<OwnTool> built_in_tools(BuiltInParts parts) {
  std::vector<OwnTool> all{add_tool(), whoami_tool(parts.accounts), list_my_sessions_tool(parts.sessions)};
  for (auto& some :
       {message_tools(parts.messages), number_tools(parts.messages), verification_tools(parts.verification)}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace kriya::tools
