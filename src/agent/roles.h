// The words for roles, on OpenAI's wire and in the rows of conversations.
#pragma once

#include <string_view>

#include "agent/chat_model.h"

namespace kriya::agent {

inline std::string_view word_of(Role role) {
  switch (role) {
    case Role::system:
      return "system";
    case Role::user:
      return "user";
    case Role::assistant:
      return "assistant";
    case Role::tool:
      return "tool";
  }
  return "user";
}

}  // namespace kriya::agent
