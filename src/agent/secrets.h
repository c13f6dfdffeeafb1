// What a conversation must not keep: the secret arguments of tools, such as a code that somebody typed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/chat_model.h"
#include "agent/tool_names.h"

namespace kriya::agent {

/// A typed command as it may be kept, and what was taken out of it.
struct KeptCommand {
  std::string text;
  std::vector<std::string> secrets = {};
};

/// With "[redacted]" for every value that is a tool's secret, or might be: where the tool, or a word's meaning, is not
/// known, too much is taken out rather than too little. `specs` null: the tools are not known; the name alone is kept.
KeptCommand command_to_keep(std::string_view text, const ToolNames::Specs* specs);

/// Puts "[redacted]" for the values of the tool's secret arguments, and returns these.
std::vector<std::string> take_secrets(json::object& arguments, const tools::ToolSpec& spec);

/// Takes them out of what was said as well; those of less than four characters are no secrets, but parts of words.
void blot_out(std::vector<Message>& messages, const std::vector<std::string>& secrets);

}  // namespace kriya::agent
