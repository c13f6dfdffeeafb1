#include "http/client/client.h"

#include <algorithm>

#include "base/text.h"

namespace kriya::http::client {

std::optional<std::string_view> Response::header(std::string_view name) const {
  const auto found =
      std::ranges::find_if(headers, [name](const auto& header) { return equals_ignoring_case(header.first, name); });
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

}  // namespace kriya::http::client
