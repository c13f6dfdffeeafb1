#include "agent/slash_command.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace kriya::agent {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == '/';
}

const json::value* member(const json::object& object, std::string_view name) { return object.if_contains(name); }

const json::object* object_member(const json::object& object, std::string_view name) {
  const json::value* found = member(object, name);
  return found == nullptr ? nullptr : found->if_object();
}

/// Reads words one after the other.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  Parsed<std::vector<SlashCommand::Word>> all() {
    std::vector<SlashCommand::Word> words;
    for (;;) {
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
      if (at_ == text_.size()) return words;
      auto word = one();
      if (!word) return tl::unexpected(std::move(word.error()));
      words.push_back(*std::move(word));
    }
  }

 private:
  Parsed<SlashCommand::Word> one() {
    SlashCommand::Word word;
    bool named = false;
    bool plain = true;  // no quote so far: an "=" within quotes names nothing
    char quote = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        word.value += text_[++at_];
      } else if (quote != 0) {
        if (c == quote) {
          quote = 0;
        } else {
          word.value += c;
        }
      } else if (c == '"' || c == '\'') {
        quote = c;
        plain = false;
      } else if (is_space(c)) {
        break;
      } else if (c == '=' && !named && plain && !word.value.empty()) {
        word.name = std::move(word.value);
        word.value.clear();
        named = true;
      } else {
        word.value += c;
      }
    }
    if (quote != 0) return tl::unexpected(std::string("A quotation mark is not closed: ") + quote);
    return word;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Parsed<json::value> typed_value(const std::string& text, const json::object& schema);

Parsed<json::value> typed_list(const std::string& text, const json::object& schema) {
  if (trim(text).starts_with('[')) {
    const auto parsed = parse_json(text);
    if (parsed && parsed->is_array()) return *parsed;
    return tl::unexpected(std::string("is no JSON list"));
  }
  const json::object* items = object_member(schema, "items");
  json::array list;
  std::size_t begin = 0;
  while (begin <= text.size() && !text.empty()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const std::string one(trim(std::string_view(text).substr(begin, comma - begin)));
    auto value = typed_value(one, items == nullptr ? json::object() : *items);
    if (!value) return value;
    list.push_back(*std::move(value));
    begin = comma + 1;
  }
  return json::value(std::move(list));
}

Parsed<json::value> typed_number(const std::string& text, bool whole) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  if (const auto [last, error] = std::from_chars(text.data(), end, number); error == std::errc() && last == end) {
    return json::value(number);
  }
  if (whole) return tl::unexpected(std::string("must be a whole number"));
  double broken = 0;
  const auto [last, error] = std::from_chars(text.data(), end, broken);
  if (error == std::errc() && last == end && std::isfinite(broken)) return json::value(broken);
  return tl::unexpected(std::string("must be a number"));
}

Parsed<json::value> typed_value(const std::string& text, const json::object& schema) {
  const std::string type = type_of(schema);
  if (type == "integer" || type == "number") return typed_number(text, type == "integer");
  if (type == "boolean") {
    const std::string word = to_lower(text);
    if (word == "true" || word == "yes" || word == "on") return json::value(true);
    if (word == "false" || word == "no" || word == "off") return json::value(false);
    return tl::unexpected(std::string("must be true or false"));
  }
  if (type == "array") return typed_list(text, schema);
  const bool looks_like_json = text.starts_with('{') || text.starts_with('[');
  if (type == "object" || (type.empty() && looks_like_json)) {
    auto parsed = parse_json(text);
    if (parsed && (type.empty() || parsed->is_object())) return *std::move(parsed);
    return tl::unexpected(std::string("must be a JSON object, in quotes"));
  }
  return json::value(json::string(text));
}

std::string names_of(const std::vector<Property>& properties) {
  std::string names;
  for (const Property& property : properties) names += (names.empty() ? "" : ", ") + property.name;
  return names.empty() ? "none" : names;
}

}  // namespace

bool is_command(std::string_view text) {
  const std::string_view trimmed = trim(text);
  if (trimmed == "/") return true;
  return trimmed.size() > 1 && trimmed.front() == '/' && is_name_character(trimmed[1]) && trimmed[1] != '/' &&
         trimmed[1] != '.' && trimmed[1] != '-';
}

Parsed<SlashCommand> parse_command(std::string_view text) {
  if (!is_command(text)) return tl::unexpected(std::string("A command begins with / and its name."));
  std::string_view rest = trim(text).substr(1);
  if (rest.empty()) return SlashCommand{.name = "help"};
  SlashCommand command;
  const auto end = std::ranges::find_if(rest, [](char c) { return !is_name_character(c); });
  command.name = std::string(rest.begin(), end);
  rest.remove_prefix(command.name.size());
  if (!rest.empty() && !is_space(rest.front()) && rest.front() != '{') {
    return tl::unexpected(std::string("A command's name has letters, digits and _ - . / alone."));
  }
  rest = trim(rest);
  if (rest.starts_with('{')) {
    auto parsed = parse_json(rest);
    if (!parsed || !parsed->is_object()) {
      return tl::unexpected("The arguments are no JSON object" + (parsed ? "." : ": " + parsed.error().detail));
    }
    command.whole = std::move(parsed->get_object());
    return command;
  }
  auto words = Words(rest).all();
  if (!words) return tl::unexpected(std::move(words.error()));
  command.words = *std::move(words);
  return command;
}

Parsed<json::object> typed_arguments(const SlashCommand& command, const json::object& schema) {
  if (command.whole) return *command.whole;
  const std::vector<Property> properties = properties_of(schema);
  json::object arguments;
  for (const SlashCommand::Word& word : command.words) {
    if (word.name.empty()) {
      return tl::unexpected("Write arguments as name=value; \"" + word.value +
                            "\" has no name. Names: " + names_of(properties) + ".");
    }
    const auto known = std::ranges::find(properties, word.name, &Property::name);
    if (known == properties.end() && !word.name.starts_with('_')) {
      return tl::unexpected("There is no argument \"" + word.name + "\". Names: " + names_of(properties) + ".");
    }
    if (arguments.contains(word.name)) return tl::unexpected("\"" + word.name + "\" is there twice.");
    auto value = typed_value(word.value, known == properties.end() ? json::object() : known->schema);
    if (!value) return tl::unexpected("\"" + word.name + "\" " + value.error() + ".");
    arguments[word.name] = *std::move(value);
  }
  return arguments;
}

std::vector<Property> properties_of(const json::object& schema) {
  std::vector<Property> all;
  const json::object* properties = object_member(schema, "properties");
  if (properties == nullptr) return all;
  const json::value* required = member(schema, "required");
  for (const auto& [name, value] : *properties) {
    Property property{.name = name, .schema = value.is_object() ? value.get_object() : json::object()};
    if (required != nullptr && required->is_array()) {
      property.required = std::ranges::any_of(required->get_array(), [&](const json::value& one) {
        return one.is_string() && std::string_view(one.get_string()) == std::string_view(name);
      });
    }
    all.push_back(std::move(property));
  }
  return all;
}

std::string type_of(const json::object& schema) {
  const json::value* type = member(schema, "type");
  if (type != nullptr && type->is_string()) return std::string(type->get_string());
  if (type != nullptr && type->is_array()) {
    for (const json::value& one : type->get_array()) {
      if (one.is_string() && one.get_string() != "null") return std::string(one.get_string());
    }
  }
  for (const std::string_view choice : {"anyOf", "oneOf"}) {
    const json::value* choices = member(schema, choice);
    if (choices == nullptr || !choices->is_array()) continue;
    for (const json::value& one : choices->get_array()) {
      const json::value* inner = one.is_object() ? member(one.get_object(), "type") : nullptr;
      if (inner != nullptr && inner->is_string() && inner->get_string() != "null")
        return std::string(inner->get_string());
    }
  }
  return {};
}

}  // namespace kriya::agent
