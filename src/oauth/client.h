// A registered program: what it is called, what it may do, and how it proves itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/text.h"
#include "base/time.h"

namespace kriya::oauth {

struct Client {
  std::string id;  // the client_id: "client_" and 22 characters of base64url
  std::string name;
  std::string secret_hash;   // see hash_of_secret
  std::string scope;         // what its tokens may do at most, words apart by a space
  std::int64_t version = 0;  // raised with each new secret: tokens of the one before are dead
  Timestamp created_at;
  std::optional<Timestamp> rotated_at = {};
};

/// A fresh client_id: 128 random bits. It is no secret, and not to be guessed either.
std::string new_client_id();

/// A fresh client_secret: "kcs_", by which scanners for leaked secrets know it, and 256 random bits in base64url.
Secret new_client_secret();

/// What is stored of a secret: its SHA-256 in base64url. A slow hash would protect secrets that people choose; nobody
/// tries out 256 random bits, and every request for a token would pay for it.
std::string hash_of_secret(std::string_view secret);

/// A client's name: 1 to 100 characters of any script, trimmed, without control characters. Else why it is none.
Parsed<std::string> parse_client_name(std::string_view text);

/// The words of a scope (RFC 6749 section 3.3), each once, in their order.
std::vector<std::string> words_of(std::string_view scope);

/// The words of `scope` that are in `allowed`, too, in their order.
std::string within(std::string_view scope, std::string_view allowed);

}  // namespace kriya::oauth
