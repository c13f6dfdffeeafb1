#include "config/secret_strength.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <string_view>

#include "base/text.h"

namespace kriya::config {
namespace {

constexpr std::size_t kLeastDifferentBytes = 8;

// Lower case, letters and digits only: "Your-Secret-Key" and "your_secret_key" are one. Each is long enough that a
// random text practically never holds it.
constexpr std::array<std::string_view, 14> kPlaceholders{
    "changeme", "changethis", "changeinproduction", "replaceme",    "replacethis", "replacewith", "yoursecret",
    "yourjwt",  "yourapikey", "yourplane",          "yoursupersec", "supersecret", "placeholder", "goeshere",
};

std::string letters_and_digits(std::string_view text) {
  std::string kept = to_lower(text);
  std::erase_if(kept, [](char c) { return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')); });
  return kept;
}

std::size_t different_bytes(std::string_view text) {
  std::bitset<256> seen;
  for (const char c : text) seen.set(static_cast<unsigned char>(c));
  return seen.count();
}

}  // namespace

std::optional<std::string> weakness_of(const Secret& secret) {
  const Secret plain(letters_and_digits(secret.reveal()));
  const auto contained = [&](std::string_view placeholder) {
    return plain.reveal().find(placeholder) != std::string_view::npos;
  };
  if (std::ranges::any_of(kPlaceholders, contained)) return "looks like a placeholder";
  if (different_bytes(secret.reveal()) < kLeastDifferentBytes) return "has fewer than 8 different characters";
  return std::nullopt;
}

}  // namespace kriya::config
