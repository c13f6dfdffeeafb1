// Server-to-server keys in the X-API-Key header.
#pragma once

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

  /// Compares digests, and all of them: the time says nothing about any key, not even its length.
  bool accepts(std::string_view offered) const;

 private:
  std::vector<std::string> digests_;  // SHA-256
};

/// The caller must show one of `keys`. Errors: missing_api_key, invalid_api_key.
http::AccessRule require_api_key(ApiKeys keys);

/// A caller that shows one of `keys` is a trusted registrar; one that shows none is not; a wrong key is refused,
/// because whoever sends one believes to be known. Errors: invalid_api_key.
http::AccessRule recognise_registrar(ApiKeys keys);

}  // namespace kriya::access
