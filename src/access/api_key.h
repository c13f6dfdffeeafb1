// Server-to-server keys in the X-API-Key header.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "http/endpoint.h"

namespace kriya::access {

/// A list of equivalent keys, so that one can be rotated in before another is rotated out.
class ApiKeys {
 public:
  explicit ApiKeys(const std::vector<Secret>& keys);

  /// The id of the key that is offered; nullopt when it is none of these. The id is the same on every instance and does
  /// not tell the key. Compares digests, and all of them: the time says nothing about any key, not even its length.
  std::optional<std::string> find(std::string_view offered) const;

 private:
  std::vector<std::string> digests_;  // SHA-256
};

/// What the API's documents say of a key.
struct ApiKeyScheme {
  std::string name = "plane_api_key";
  std::string description = "PLANE_API_KEY: for servers that validate tokens.";
};

/// The caller must show one of `keys`, whose id goes into `Caller::api_key_id`. Errors: missing_api_key,
/// invalid_api_key.
http::AccessRule require_api_key(ApiKeys keys, ApiKeyScheme scheme = {});

/// A request with an X-API-Key is held to `key`, any other to `otherwise`. Errors: those of the two; missing_token,
/// naming both ways, of a request with neither.
http::AccessRule api_key_or(http::AccessRule key, http::AccessRule otherwise);

/// A caller that shows one of `keys` is a trusted registrar (and has `Caller::api_key_id`); one that shows none is not;
/// a wrong key is refused, because whoever sends one believes to be known. Errors: invalid_api_key.
http::AccessRule recognise_registrar(ApiKeys keys);

}  // namespace kriya::access
