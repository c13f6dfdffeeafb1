#include "oauth/client.h"

#include <algorithm>

#include "access/session_lookup.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/random.h"

namespace kriya::oauth {

std::string new_client_id() {
  constexpr std::size_t kBytes = 16;
  return "client_" + base64url_encode(crypto::random_bytes(kBytes));
}

Secret new_client_secret() { return Secret("kcs_" + crypto::random_token()); }

std::string hash_of_secret(std::string_view secret) { return base64url_encode(crypto::sha256(secret)); }

Parsed<std::string> parse_client_name(std::string_view text) {
  constexpr std::size_t kLongest = 100;
  const std::string_view trimmed = trim(text);
  const auto length = utf8_length(trimmed);
  if (!length || *length == 0 || *length > kLongest || has_control_character(trimmed)) {
    return tl::unexpected<std::string>("must be 1 to 100 characters, none of them a control character");
  }
  return std::string(trimmed);
}

std::vector<std::string> words_of(std::string_view scope) {
  std::vector<std::string> words;
  while (!scope.empty()) {
    const std::string_view word = scope.substr(0, scope.find(' '));
    if (!word.empty() && std::ranges::find(words, word) == words.end()) words.emplace_back(word);
    scope.remove_prefix(std::min(scope.size(), word.size() + 1));
  }
  return words;
}

std::string within(std::string_view scope, std::string_view allowed) {
  if (scope == allowed) return std::string(scope);
  std::string kept;
  for (const std::string& word : words_of(scope)) {
    if (access::has_scope(allowed, word)) kept += (kept.empty() ? "" : " ") + word;
  }
  return kept;
}

}  // namespace kriya::oauth
