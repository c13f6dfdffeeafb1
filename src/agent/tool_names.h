// Tools by names that models take: 1 to 64 of A-Z a-z 0-9 _ - where a tool's own may have dots, slashes, and 128.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/tool.h"

namespace kriya::agent {

/// The function names of some tools; no two have the same. A name that models take stays; any other is made of the
/// letters that they take and a piece of the name's hash, so that it does not change with the tools around it.
class ToolNames {
 public:
  using Specs = std::vector<std::shared_ptr<const tools::ToolSpec>>;

  ToolNames() = default;
  explicit ToolNames(const Specs& specs);

  /// Null: there is no such function.
  const tools::ToolSpec* find(std::string_view function) const;

  /// Of a tool's own name, also of one that is not among these.
  std::string function_of(std::string_view tool) const;

 private:
  std::map<std::string, std::shared_ptr<const tools::ToolSpec>, std::less<>> by_function_;
  std::map<std::string, std::string, std::less<>> by_tool_;
};

}  // namespace kriya::agent
