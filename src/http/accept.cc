#include "http/accept.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace kriya::http {
namespace {

/// Takes the text up to `separator` off the front.
std::string_view next_part(std::string_view& rest, char separator) {
  const std::string_view part = rest.substr(0, rest.find(separator));
  rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  return trim(part);
}

/// Whether one of the parameters is q=0, q=0.0, ...
bool refuses(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view one = next_part(parameters, ';');
    if (!one.starts_with("q=")) continue;
    const std::string_view quality = one.substr(2);
    return quality.starts_with('0') && quality.find_first_of("123456789") == std::string_view::npos;
  }
  return false;
}

}  // namespace

Acceptance acceptance_of(const Request& request, std::string_view media_type) {
  if (request.count("Accept") == 0) return {};
  const std::string subtypes = std::string(media_type.substr(0, media_type.find('/'))) + "/*";
  const std::string header = to_lower(request.joined_header("Accept"));
  Acceptance result{.taken = false};
  int best = 0;
  std::string_view rest = header;
  while (!rest.empty()) {
    std::string_view parameters = next_part(rest, ',');
    const std::string_view range = next_part(parameters, ';');
    const int fit = range == media_type ? 3 : range == subtypes ? 2 : range == "*/*" ? 1 : 0;
    if (fit <= best) continue;
    best = fit;
    result.taken = !refuses(parameters);
    result.named = result.taken && fit == 3;
  }
  return result;
}

}  // namespace kriya::http
