// Why the configuration cannot be used: one line a problem, all problems at once.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace kriya::config {

/// Variable names and their texts as given, before anything is made of them.
using VariableMap = std::map<std::string, std::string, std::less<>>;

/// One thing to mend. `message` never holds a secret and never a line break.
struct Problem {
  std::string where;  // a variable ("JWT_SECRET_KEY"), a line (".env line 3") or a file
  std::string message;

  std::string line() const { return where + ": " + message; }
};

using Problems = std::vector<Problem>;

}  // namespace kriya::config
