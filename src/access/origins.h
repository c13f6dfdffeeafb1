// Which pages may make a browser use its cookie here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message.h"

namespace kriya::access {

/// "https://host:8443" of a URL as the configuration leaves it: lower case, without a default port.
std::string origin_of(std::string_view url);

/// The server's own origin, by PUBLIC_URL and never by the Host header, which a page can choose by pointing its own
/// name here; and those that were allowed by name. Safe to use from every thread.
class Origins {
 public:
  /// `local_port`: in development, where pages of this machine at that port are our own, by each of its names.
  Origins(std::string_view public_url, std::vector<std::string> allowed, std::optional<std::uint16_t> local_port);

  /// Whether a browser sends this on behalf of one of these pages, or on behalf of none. A request without Origin is
  /// believed unless Sec-Fetch-Site says that another site's page made it: programs send neither, and browsers leave
  /// Origin away with a GET of their own page. Errors: foreign_origin.
  Result<void> check(const http::Request& request) const;

 private:
  std::vector<std::string> known_;
};

}  // namespace kriya::access
