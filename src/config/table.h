// The ONE table of everything that can be configured. Parsing, error messages, `kriya serve --help` and
// docs/configuration.md all come from it: a new setting is a field in settings.h and a row here.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "config/value_parsers.h"

namespace kriya::config {

/// Headings of the reference, in the order of the table.
enum class Group { server, storage, keys, access, phone, messages, agent, logs };

struct Variable {
  std::string_view name;
  Group group;
  std::string_view allowed;          // what error messages and the reference say may stand here
  std::string_view help;             // one or two plain sentences
  std::string_view standard = {};    // parsed when the variable is unset; empty: the field keeps its own value
  std::string_view production = {};  // the same in production, where it differs
  std::string_view computed = {};    // shown in place of a default that is worked out later
  bool secret = false;               // its value never appears in a message
  bool planned = false;              // read and checked, but no part of this version uses it yet
  ValueParser parse = nullptr;
};

/// In order; ENVIRONMENT is first, because other defaults depend on it.
std::span<const Variable> variables();

/// What is parsed when nothing is given.
std::string_view default_value(const Variable& variable, Environment environment);

/// The default in words for a person, e.g. "127.0.0.1 (development), 0.0.0.0 (production)"; "empty" for none.
std::string default_text(const Variable& variable);

std::string_view heading(Group group);

}  // namespace kriya::config
