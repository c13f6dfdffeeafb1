// What of a conversation the model is told.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/chat_model.h"

namespace kriya::agent {

/// The latest rounds that fit into so many tokens, by estimate; a round begins with what the person said, and is taken
/// whole or not at all. The last round always stays. What no server would take is mended: a call without its answer
/// gets one, an answer without its call goes.
std::vector<Message> within_budget(std::vector<Message> history, std::int64_t tokens);

}  // namespace kriya::agent
