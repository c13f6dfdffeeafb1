#include "tools/tool.h"

namespace kriya::tools {

ToolResult ToolResult::of_text(std::string text) {
  ToolResult result;
  result.content.push_back(json::object{{"type", "text"}, {"text", std::move(text)}});
  return result;
}

ToolResult ToolResult::of_error(std::string kind, std::string text) {
  ToolResult result = of_text(std::move(text));
  result.is_error = true;
  result.error_kind = std::move(kind);
  return result;
}

std::string ToolResult::text() const {
  std::string joined;
  for (const json::value& block : content) {
    const json::object* object = block.if_object();
    const json::value* text = object == nullptr ? nullptr : object->if_contains("text");
    if (text == nullptr || !text->is_string()) continue;
    if (!joined.empty()) joined += '\n';
    joined += std::string_view(text->get_string());
  }
  return joined;
}

}  // namespace kriya::tools
