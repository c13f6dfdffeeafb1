#include "cli/pretty_json.h"

namespace kriya::cli {
namespace {

void append(std::string& out, const json::value& value, std::size_t depth) {
  const std::string inner = "\n" + std::string(2 * depth + 2, ' ');
  const std::string outer = "\n" + std::string(2 * depth, ' ');
  const char* separator = "";
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    for (const auto& member : *object) {
      out += separator + inner;
      append_json_string(out, member.key());
      out += ": ";
      append(out, member.value(), depth + 1);
      separator = ",";
    }
    out += outer + "}";
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += '[';
    for (const auto& element : *array) {
      out += separator + inner;
      append(out, element, depth + 1);
      separator = ",";
    }
    out += outer + "]";
  } else {
    out += write_json(value);
  }
}

}  // namespace

std::string pretty_json(const json::value& value) {
  std::string out;
  append(out, value, 0);
  return out;
}

}  // namespace kriya::cli
