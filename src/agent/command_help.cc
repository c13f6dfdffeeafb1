#include "agent/command_help.h"

#include <algorithm>
#include <numeric>

#include "agent/slash_command.h"

namespace kriya::agent {
namespace {

constexpr std::size_t kMostCompletions = 50;

/// How many letters must be changed, put in or taken out.
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, above + 1, diagonal + (left[i] == right[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

std::string first_line(const std::string& text) { return text.substr(0, std::min(text.find('\n'), text.size())); }

std::string placeholder(const Property& property) {
  const std::string type = type_of(property.schema);
  const std::string shown = property.name + "=<" + (type.empty() ? "value" : type) + ">";
  return property.required ? shown : "[" + shown + "]";
}

std::vector<std::string> values_of(const json::object& schema) {
  std::vector<std::string> values;
  if (const json::value* words = schema.if_contains("enum"); words != nullptr && words->is_array()) {
    for (const json::value& word : words->get_array()) {
      values.push_back(word.is_string() ? std::string(word.get_string()) : write_json(word));
    }
  } else if (type_of(schema) == "boolean") {
    values = {"true", "false"};
  }
  return values;
}

std::string usage_of(const tools::ToolSpec& spec) {
  std::string usage = "/" + spec.name;
  for (const Property& property : properties_of(spec.input_schema)) usage += " " + placeholder(property);
  return usage;
}

const tools::ToolSpec* find(const ToolNames::Specs& specs, std::string_view name) {
  const auto found = std::ranges::find_if(specs, [&](const auto& spec) { return spec->name == name; });
  return found == specs.end() ? nullptr : found->get();
}

/// What is typed at the end, where its word begins: a space within quotes ends none.
std::size_t last_word(std::string_view text) {
  std::size_t begin = 0;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == ' ' || c == '\t' || c == '\n') {
      begin = i + 1;
    }
  }
  return std::min(begin, text.size());
}

std::vector<Completion> complete_name(std::string_view typed, const ToolNames::Specs& specs, std::string_view before) {
  std::vector<Completion> all;
  for (const auto& spec : specs) {
    if (!spec->name.starts_with(typed)) continue;
    all.push_back({std::string(before) + spec->name, usage_of(*spec), first_line(spec->description)});
  }
  return all;
}

std::vector<Completion> complete_argument(std::string_view text, const tools::ToolSpec& spec) {
  const std::size_t begin = last_word(text);
  const std::string_view word = text.substr(begin);
  const std::string before(text.substr(0, begin));
  const auto properties = properties_of(spec.input_schema);
  std::vector<Completion> all;
  if (const auto equals = word.find('='); equals != std::string_view::npos) {
    const auto known = std::ranges::find(properties, word.substr(0, equals), &Property::name);
    if (known == properties.end()) return all;
    for (const std::string& value : values_of(known->schema)) {
      if (!value.starts_with(word.substr(equals + 1))) continue;
      all.push_back(
          {before + known->name + "=" + value, value, std::string(text_member(known->schema, "description"))});
    }
    return all;
  }
  const auto typed = parse_command(before);
  for (const Property& property : properties) {
    const bool there =
        typed && std::ranges::find(typed->words, property.name, &SlashCommand::Word::name) != typed->words.end();
    if (there || !property.name.starts_with(word)) continue;
    all.push_back({before + property.name + "=", placeholder(property),
                   std::string(text_member(property.schema, "description"))});
  }
  return all;
}

}  // namespace

std::string help_text(const ToolNames::Specs& specs) {
  std::string text = "Commands:\n";
  for (const auto& spec : specs) text += "- `" + usage_of(*spec) + "`: " + first_line(spec->description) + "\n";
  return text +
         "- `/help [command]`: this list, or one command with its arguments.\n\n"
         "Values with spaces go into quotation marks; `/command {json}` takes all arguments as JSON.";
}

std::string help_text(const tools::ToolSpec& spec) {
  std::string text = "`" + usage_of(spec) + "`\n\n" + spec.description + "\n";
  for (const Property& property : properties_of(spec.input_schema)) {
    const std::string type = type_of(property.schema);
    text += "\n- `" + property.name + "`" + (type.empty() ? "" : " (" + type + ")") +
            (property.required ? ", required" : "");
    if (const std::string_view description = text_member(property.schema, "description"); !description.empty()) {
      text.append(": ").append(description);
    }
    std::string words;
    for (const std::string& value : values_of(property.schema)) words += (words.empty() ? "" : ", ") + value;
    if (!words.empty()) text += " [" + words + "]";
  }
  return text;
}

std::string unknown_command(std::string_view name, const ToolNames::Specs& specs) {
  std::vector<std::pair<std::size_t, std::string>> near;
  const auto consider = [&](const std::string& known) {
    const bool part = known.find(name) != std::string::npos;
    const std::size_t apart = distance(name.substr(0, 128), known);
    if (part || apart <= std::max<std::size_t>(2, name.size() / 3)) near.emplace_back(part ? 1 : apart, "/" + known);
  };
  for (const auto& spec : specs) consider(spec->name);
  consider("help");
  std::ranges::sort(near);
  if (near.size() > 3) near.resize(3);
  std::string text = "There is no command /" + std::string(name.substr(0, 128)) + ".";
  if (!near.empty()) {
    text += " Did you mean ";
    for (std::size_t i = 0; i < near.size(); ++i)
      text += (i == 0 ? "" : i + 1 == near.size() ? " or " : ", ") + near[i].second;
    text += "?";
  }
  return text + " /help lists them all.";
}

std::vector<Completion> complete(std::string_view text, const ToolNames::Specs& specs) {
  std::vector<Completion> all;
  if (text.empty() || text.front() != '/') return all;
  const std::size_t end = std::min(text.find_first_of(" \t\n"), text.size());
  const std::string_view name = text.substr(1, end - 1);
  if (end == text.size()) {
    all = complete_name(name, specs, "/");
    if (std::string_view("help").starts_with(name)) all.push_back({"/help", "/help [command]", "Lists the commands."});
  } else if (name == "help") {
    all = complete_name(trim(text.substr(end)), specs, "/help ");
  } else if (const tools::ToolSpec* spec = find(specs, name)) {
    all = complete_argument(text, *spec);
  }
  if (all.size() > kMostCompletions) all.resize(kMostCompletions);
  return all;
}

}  // namespace kriya::agent
