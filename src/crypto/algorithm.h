// The JWS algorithms (RFC 7518, RFC 8037) that Kriya signs and verifies with.
#pragma once

#include <optional>
#include <string_view>

namespace kriya::crypto {

enum class Algorithm { hs256, hs384, hs512, rs256, es256, eddsa };

/// The registered name, e.g. "ES256".
std::string_view name(Algorithm algorithm);

/// Exact, case-sensitive names only.
std::optional<Algorithm> parse_algorithm(std::string_view text);

/// Whether one shared secret both signs and verifies.
bool is_symmetric(Algorithm algorithm);

}  // namespace kriya::crypto
