// Tools by typed commands: "/send_sms to=+14155550123 text=\"two words\"", "/add {\"a\": 2, \"b\": 3}". No I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/text.h"

namespace kriya::agent {

struct SlashCommand {
  struct Word {
    std::string name;  // before the "="; empty: there was none
    std::string value;
  };
  std::string name = {};  // of the tool, or "help"
  std::vector<Word> words = {};
  std::optional<json::object> whole = {};  // the arguments as one JSON object, instead of words
};

/// Whether the text is a command at all, well-formed or not: a slash and a letter, digit or underscore; or a slash
/// alone.
bool is_command(std::string_view text);

/// A slash alone is /help. Words are apart by white space; quotes, " or ', hold words together, and \ takes away the
/// meaning of what follows. The error is for the person.
Parsed<SlashCommand> parse_command(std::string_view text);

/// The words' values in the types of a tool's input schema; a list may be "a,b" or JSON. A name that the schema does
/// not have is let through when it begins with "_", as in JSON. What is missing or out of bounds is for the tool to
/// say. The error is for the person.
Parsed<json::object> typed_arguments(const SlashCommand& command, const json::object& schema);

/// The members of an object's schema, in its order: a property's name and its schema.
struct Property {
  std::string name;
  json::object schema;
  bool required = false;
};
std::vector<Property> properties_of(const json::object& schema);

/// "string", "integer", ...; the first that is not "null"; empty: any.
std::string type_of(const json::object& schema);

}  // namespace kriya::agent
