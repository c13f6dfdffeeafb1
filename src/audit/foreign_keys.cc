#include "audit/foreign_keys.h"

#include <algorithm>
#include <array>

#include "audit/characters.h"

namespace kriya::audit {
namespace {

/// Keys of other services bear their issuer's mark.
struct KeyShape {
  std::string_view mark;
  std::size_t least;  // bytes behind the mark
};
constexpr auto kKeyShapes = std::to_array<KeyShape>({{"sk-", 16},
                                                     {"sk_live_", 16},
                                                     {"sk_test_", 16},
                                                     {"rk_live_", 16},
                                                     {"ghp_", 20},
                                                     {"gho_", 20},
                                                     {"ghu_", 20},
                                                     {"ghs_", 20},
                                                     {"ghr_", 20},
                                                     {"github_pat_", 20},
                                                     {"glpat-", 16},
                                                     {"xoxa-", 10},
                                                     {"xoxb-", 10},
                                                     {"xoxp-", 10},
                                                     {"xoxr-", 10},
                                                     {"xoxs-", 10},
                                                     {"xapp-", 10},
                                                     {"npm_", 30},
                                                     {"AIza", 30}});

}  // namespace

std::size_t foreign_key(std::string_view run) {
  if (run.size() < 15) return std::string_view::npos;
  for (const KeyShape& shape : kKeyShapes) {
    std::size_t begin = run.find(shape.mark);
    while (begin != std::string_view::npos && begin > 0 && is_alnum(run[begin - 1])) {
      begin = run.find(shape.mark, begin + 1);  // "task-" ends in one
    }
    if (begin == std::string_view::npos) continue;
    const std::string_view rest = run.substr(begin + shape.mark.size());
    // "sk-learn-and-other-words" is no key.
    if (rest.size() >= shape.least && std::ranges::any_of(rest, is_digit)) return begin;
  }
  // AWS: four letters and 16 of base32.
  const bool aws = run.size() == 20 && (run.starts_with("AKIA") || run.starts_with("ASIA")) &&
                   std::ranges::all_of(run, [](char c) { return is_upper(c) || is_digit(c); });
  return aws ? 0 : std::string_view::npos;
}

}  // namespace kriya::audit
