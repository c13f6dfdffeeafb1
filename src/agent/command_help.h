// What a person can type: help and completion from the tools' own schemas. No I/O.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/tool_names.h"

namespace kriya::agent {

/// Every command with a line of what it does.
std::string help_text(const ToolNames::Specs& specs);

/// One command with its arguments.
std::string help_text(const tools::ToolSpec& spec);

/// For a name that is none: "There is no command /x. Did you mean ...?"
std::string unknown_command(std::string_view name, const ToolNames::Specs& specs);

/// A text that could stand instead of what has been typed, and what it means.
struct Completion {
  std::string text;
  std::string label;
  std::string description;
};

/// At most 50: commands for a name that has been begun, then arguments, then the values of an argument that has only
/// some. None for a text that is no command.
std::vector<Completion> complete(std::string_view text, const ToolNames::Specs& specs);

}  // namespace kriya::agent
