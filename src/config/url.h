// The few parts of a URL that settings ask about, read strictly (RFC 3986).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"

namespace kriya::config {

/// scheme://[user[:password]@]host[:port][/path][?query][#fragment]. Only what settings need is kept; the password is
/// not, so a Url may be shown.
struct Url {
  std::string scheme;  // lower case
  std::string host;    // lower case: a name, an IPv4 literal, or an IPv6 literal in brackets
  std::optional<std::uint16_t> port;
  std::string path;  // empty, or begins with '/'
  bool has_user = false;
  bool has_query = false;
  bool has_fragment = false;

  bool is_http() const { return scheme == "http" || scheme == "https"; }
  bool is_loopback() const;  // localhost, *.localhost or a loopback literal: never leaves the machine

  /// scheme://host[:port] as browsers write it (RFC 6454 section 6.2): without the scheme's own port.
  std::string origin() const;
};

/// Refuses relative references, empty hosts, ports outside 1..65535, white space, control and non-ASCII characters
/// (international names are written in their xn-- form). The error says what is wrong without quoting the text.
Parsed<Url> parse_url(std::string_view text);

}  // namespace kriya::config
