#include "tools/result_size.h"

namespace kriya::tools {
namespace {

/// About the bytes of a value as JSON; counting ends where `limit` is passed.
std::size_t size_of(const json::value& value, std::size_t limit) {
  if (const json::string* text = value.if_string()) return text->size() + 2;
  std::size_t size = 2;
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      size += member.key().size() + 4 + size_of(member.value(), limit);
      if (size > limit) break;
    }
    return size;
  }
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) {
      size += 1 + size_of(element, limit);
      if (size > limit) break;
    }
    return size;
  }
  return 8;
}

std::size_t size_of(const json::object& object, std::size_t limit) {
  std::size_t size = 2;
  for (const auto& member : object) {
    size += member.key().size() + 4 + size_of(member.value(), limit);
    if (size > limit) break;
  }
  return size;
}

json::string* text_of(json::value& block) {
  json::object* object = block.if_object();
  json::value* text = object == nullptr ? nullptr : object->if_contains("text");
  return text == nullptr ? nullptr : text->if_string();
}

/// Keeps the first blocks, as many bytes as fit. False: nothing had to go.
bool cut_content(json::array& content) {
  std::size_t left = kLongestResult;
  for (std::size_t i = 0; i < content.size(); ++i) {
    const std::size_t size = size_of(content[i], left);
    if (size <= left) {
      left -= size;
      continue;
    }
    json::string* text = text_of(content[i]);
    if (text != nullptr && left > 0) *text = cut_text(std::string(std::string_view(*text)), left);
    content.erase(content.begin() + static_cast<std::ptrdiff_t>(text != nullptr ? i + 1 : i), content.end());
    return true;
  }
  return false;
}

void add_text(ToolResult& result, const char* text) {
  result.content.push_back(json::object{{"type", "text"}, {"text", text}});
}

}  // namespace

std::string cut_text(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  text.resize(bytes);
  return text;
}

void limit_size(ToolResult& result) {
  if (cut_content(result.content)) add_text(result, "[The rest was cut: a result may have 1 MiB. Ask for less.]");
  if (!result.structured || size_of(*result.structured, kLongestResult) <= kLongestResult) return;
  result.structured.reset();
  result.is_error = true;
  result.error_kind = "tool";
  add_text(result, "[The structured result is longer than 1 MiB and was left out. Ask for less.]");
}

}  // namespace kriya::tools
