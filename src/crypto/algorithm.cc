#include "crypto/algorithm.h"

#include <array>

namespace kriya::crypto {
namespace {

constexpr std::array kAll = {Algorithm::hs256, Algorithm::hs384, Algorithm::hs512,
                             Algorithm::rs256, Algorithm::es256, Algorithm::eddsa};

}  // namespace

std::string_view name(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::hs256:
      return "HS256";
    case Algorithm::hs384:
      return "HS384";
    case Algorithm::hs512:
      return "HS512";
    case Algorithm::rs256:
      return "RS256";
    case Algorithm::es256:
      return "ES256";
    case Algorithm::eddsa:
      return "EdDSA";
  }
  return "";  // unreachable: -Wswitch keeps the list above total
}

std::optional<Algorithm> parse_algorithm(std::string_view text) {
  for (const Algorithm algorithm : kAll) {
    if (text == name(algorithm)) return algorithm;
  }
  return std::nullopt;
}

bool is_symmetric(Algorithm algorithm) {
  return algorithm == Algorithm::hs256 || algorithm == Algorithm::hs384 || algorithm == Algorithm::hs512;
}

}  // namespace kriya::crypto
