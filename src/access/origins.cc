#include "access/origins.h"

#include <algorithm>

namespace kriya::access {

std::string origin_of(std::string_view url) {
  const std::size_t host = url.find("://");
  if (host == std::string_view::npos) return {};
  return std::string(url.substr(0, url.find('/', host + 3)));
}

Origins::Origins(std::string_view public_url, std::vector<std::string> allowed, std::optional<std::uint16_t> local_port)
    : known_(std::move(allowed)) {
  known_.push_back(origin_of(public_url));
  if (!local_port) return;
  for (const char* host : {"http://localhost", "http://127.0.0.1", "http://[::1]"}) {
    known_.push_back(*local_port == 80 ? host : host + (":" + std::to_string(*local_port)));
  }
}

Result<void> Origins::check(const http::Request& request) const {
  if (const auto origin = request.header("Origin")) {
    if (std::ranges::find(known_, *origin) != known_.end()) return {};
    return fail(Errc::foreign_origin, "Pages of this origin may not use the session; see ALLOWED_ORIGINS.");
  }
  const auto site = request.header("Sec-Fetch-Site").value_or("none");
  if (site == "same-origin" || site == "none") return {};
  return fail(Errc::foreign_origin, "Pages of another site may not use the session.");
}

}  // namespace kriya::access
