#include "agent/secrets.h"

#include <algorithm>

#include "agent/slash_command.h"

namespace kriya::agent {
namespace {

constexpr std::string_view kRedacted = "[redacted]";
constexpr std::size_t kShortestSecret = 4;

using Names = std::vector<std::string>;

bool has(const Names& names, std::string_view name) {
  return std::ranges::any_of(names, [&](const std::string& one) { return to_lower(one) == to_lower(name); });
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : write_json(value);
}

std::vector<std::string> take(json::object& arguments, const Names& names) {
  std::vector<std::string> secrets;
  for (auto& member : arguments) {
    if (!has(names, member.key())) continue;
    secrets.push_back(text_of(member.value()));
    member.value() = json::string_view(kRedacted);
  }
  return secrets;
}

Names all_secret_names(const ToolNames::Specs& specs) {
  Names names;
  for (const auto& spec : specs) {
    names.insert(names.end(), spec->secret_arguments.begin(), spec->secret_arguments.end());
  }
  return names;
}

bool is_known(const tools::ToolSpec* spec, const std::string& name) {
  if (spec == nullptr) return true;
  return std::ranges::any_of(properties_of(spec->input_schema), [&](const auto& one) { return one.name == name; });
}

std::string quoted(const std::string& value) {
  if (value.find_first_of(" \t\r\n\"'\\=") == std::string::npos && !value.empty()) return value;
  std::string out;
  append_json_string(out, value);
  return out;
}

KeptCommand name_alone(std::string_view text) {
  const std::string_view command = trim(text);
  return {.text =
              std::string(command.substr(0, command.find_first_of(" \t\r\n{=:\"'"))) + " " + std::string(kRedacted)};
}

}  // namespace

KeptCommand command_to_keep(std::string_view text, const ToolNames::Specs* specs) {
  if (specs == nullptr) return name_alone(text);
  auto command = parse_command(text);
  const auto found = !command
                         ? specs->end()
                         : std::ranges::find_if(*specs, [&](const auto& one) { return one->name == command->name; });
  const tools::ToolSpec* spec = found == specs->end() ? nullptr : found->get();
  const Names names = spec == nullptr ? all_secret_names(*specs) : spec->secret_arguments;
  if (names.empty() || (command && spec == nullptr && command->name == "help")) return {.text = std::string(text)};
  if (!command) return name_alone(text);
  KeptCommand kept{.text = "/" + command->name};
  if (command->whole) {
    kept.secrets = take(*command->whole, names);
    kept.text += " " + write_json(*command->whole);
    return kept;
  }
  for (const SlashCommand::Word& word : command->words) {
    const bool secret = word.name.empty() || has(names, word.name) || !is_known(spec, word.name);
    if (secret) kept.secrets.push_back(word.value);
    kept.text +=
        " " + (word.name.empty() ? "" : word.name + "=") + (secret ? std::string(kRedacted) : quoted(word.value));
  }
  return kept;
}

std::vector<std::string> take_secrets(json::object& arguments, const tools::ToolSpec& spec) {
  return take(arguments, spec.secret_arguments);
}

void blot_out(std::vector<Message>& messages, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.size() < kShortestSecret) continue;
    for (Message& message : messages) {
      for (std::size_t at = 0; (at = message.content.find(secret, at)) != std::string::npos; at += kRedacted.size()) {
        message.content.replace(at, secret.size(), kRedacted);
      }
    }
  }
}

}  // namespace kriya::agent
