// What a result may be long: more than a model can read is of no use to anybody.
#pragma once

#include <cstddef>
#include <string>

#include "tools/tool.h"

namespace kriya::tools {

constexpr std::size_t kLongestResult = 1 << 20;  // bytes of all content, and of the structured result

/// Cuts what is longer, and says so in the text. A structured result is never cut: one that is too long is taken out,
/// and then the result is an error, because the tool has promised one.
void limit_size(ToolResult& result);

/// `text` to at most `bytes`, up to the last whole character.
std::string cut_text(std::string text, std::size_t bytes);

}  // namespace kriya::tools
