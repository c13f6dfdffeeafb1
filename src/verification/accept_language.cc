#include "verification/accept_language.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace kriya::verification {
namespace {

constexpr std::size_t kMostEntries = 32;
constexpr int kFull = 1000;

/// A weight in thousandths: "1", "0.8", "0.125". Nullopt for anything else.
std::optional<int> weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int thousandths = (text[0] - '0') * kFull;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int digit = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    thousandths += (c - '0') * digit;
    digit /= 10;
  }
  return thousandths <= kFull ? std::optional(thousandths) : std::nullopt;
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= 35 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

std::vector<std::string> accepted_languages(std::string_view header) {
  std::vector<std::pair<int, std::string>> wanted;
  for (std::size_t entries = 0; !header.empty() && entries < kMostEntries; ++entries) {
    const std::size_t comma = std::min(header.find(','), header.size());
    const std::string_view entry = header.substr(0, comma);
    header.remove_prefix(std::min(comma + 1, header.size()));
    const std::size_t semicolon = std::min(entry.find(';'), entry.size());
    std::string tag = to_lower(trim(entry.substr(0, semicolon)));
    std::optional<int> q = kFull;
    if (semicolon < entry.size()) {
      const std::string_view parameter = trim(entry.substr(semicolon + 1));
      q = parameter.starts_with("q=") ? weight(parameter.substr(2)) : std::nullopt;
    }
    if (!q || *q == 0 || !is_tag(tag)) continue;
    const auto after = std::ranges::find_if(wanted, [&](const auto& other) { return other.first < *q; });
    wanted.emplace(after, *q, std::move(tag));
  }
  std::vector<std::string> tags;
  for (auto& [q, tag] : wanted) tags.push_back(std::move(tag));
  return tags;
}

}  // namespace kriya::verification
