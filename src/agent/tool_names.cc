#include "agent/tool_names.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/digest.h"

namespace kriya::agent {
namespace {

constexpr std::size_t kLongest = 64;

bool is_taken_by_models(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool fits(const std::string& name) {
  return !name.empty() && name.size() <= kLongest && std::ranges::all_of(name, is_taken_by_models);
}

std::string with_hash(std::string name, std::string_view hash) {
  std::ranges::replace_if(name, [](char c) { return !is_taken_by_models(c); }, '_');
  return name.substr(0, kLongest - 1 - hash.size()) + "_" + std::string(hash);
}

}  // namespace

ToolNames::ToolNames(const Specs& specs) {
  const auto add = [&](const std::shared_ptr<const tools::ToolSpec>& spec, const std::string& function) {
    if (!by_function_.try_emplace(function, spec).second) return false;
    by_tool_[spec->name] = function;
    return true;
  };
  // Names that stay go first, so that no made one takes theirs.
  for (const auto& spec : specs) {
    if (fits(spec->name)) add(spec, spec->name);
  }
  for (const auto& spec : specs) {
    if (fits(spec->name) || by_tool_.contains(spec->name)) continue;
    const std::string hash = hex_encode(crypto::sha256(spec->name));
    for (std::size_t size = 8; size < kLongest && !add(spec, with_hash(spec->name, hash.substr(0, size))); size += 8) {
    }
  }
}

const tools::ToolSpec* ToolNames::find(std::string_view function) const {
  const auto found = by_function_.find(function);
  return found == by_function_.end() ? nullptr : found->second.get();
}

std::string ToolNames::function_of(std::string_view tool) const {
  const auto found = by_tool_.find(tool);
  if (found != by_tool_.end()) return found->second;
  const std::string name(tool);  // one that is no longer there, in an old conversation
  return fits(name) ? name : with_hash(name, hex_encode(crypto::sha256(name)).substr(0, 8));
}

}  // namespace kriya::agent
