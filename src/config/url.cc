#include "config/url.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <arpa/inet.h>

#include "config/cidr.h"

namespace kriya::config {
namespace {

using std::string_view;

tl::unexpected<std::string> wrong(std::string reason) { return tl::unexpected<std::string>(std::move(reason)); }

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_scheme(string_view text) {
  const auto allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; };
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, allowed);
}

/// What may stand in a URL at all: RFC 3986's reserved and unreserved characters and '%'.
bool is_url_character(char c) { return c > ' ' && c < 0x7f && string_view("\"<>\\^`{|}").find(c) == string_view::npos; }

/// Labels of letters, digits, '-' and '_' (which container networks use).
bool is_host_name(string_view text) {
  char previous = '.';
  for (const char c : text) {
    if (c == '.' ? previous == '.' : !(is_letter(c) || is_digit(c) || c == '-' || c == '_')) return false;
    previous = c;
  }
  return previous != '.' && text.size() <= 253;
}

/// Browsers take a host whose last label is a number for an IPv4 address, so it must be a good one.
bool ends_in_number(string_view host) {
  const string_view label = host.substr(host.rfind('.') + 1);
  return std::ranges::all_of(label, is_digit);
}

Parsed<std::string> parse_host(string_view text) {
  if (text.empty()) return wrong("has no host");
  if (text.front() == '[') {
    const auto address = text.back() == ']' ? parse_address(text.substr(1, text.size() - 2)) : std::nullopt;
    if (!address || text.find(':') == string_view::npos) return wrong("has a host that is no IPv6 address");
    std::array<char, INET6_ADDRSTRLEN> canonical{};
    inet_ntop(AF_INET6, address->data(), canonical.data(), canonical.size());
    return "[" + std::string(canonical.data()) + "]";
  }
  if (!is_host_name(text)) return wrong("has a host that is no name or address");
  if (ends_in_number(text) && !parse_address(text)) return wrong("has a host that is no IPv4 address");
  return to_lower(text);
}

Parsed<std::uint16_t> parse_port(string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || port == 0 || port > 65535) return wrong("has a port outside 1 to 65535");
  return static_cast<std::uint16_t>(port);
}

/// Splits at the first of `marks`: `text` keeps what stands before it, the rest (with the mark) is returned.
string_view cut_from(string_view& text, string_view marks) {
  const std::size_t at = std::min(text.find_first_of(marks), text.size());
  const string_view rest = text.substr(at);
  text = text.substr(0, at);
  return rest;
}

Parsed<void> parse_authority(string_view text, Url& url) {
  if (const std::size_t at = text.find('@'); at != string_view::npos) {
    url.has_user = true;
    text.remove_prefix(at + 1);
  }
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == string_view::npos ? 0 : bracket);
  auto host = parse_host(text.substr(0, colon));
  if (!host) return wrong(host.error());
  url.host = *std::move(host);
  if (colon == string_view::npos) return {};
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return wrong(port.error());
  url.port = *port;
  return {};
}

}  // namespace

bool Url::is_loopback() const {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  const bool bracketed = host.starts_with('[');
  const auto address = parse_address(bracketed ? string_view(host).substr(1, host.size() - 2) : string_view(host));
  return address && config::is_loopback(*address);
}

std::string Url::origin() const {
  std::string text = scheme + "://" + host;
  const bool usual = (scheme == "http" && port == 80) || (scheme == "https" && port == 443);
  if (port && !usual) text += ":" + std::to_string(*port);
  return text;
}

Parsed<Url> parse_url(string_view text) {
  if (!std::ranges::all_of(text, is_url_character)) return wrong("has a character that URLs may not hold");
  const std::size_t colon = text.find("://");
  if (colon == string_view::npos || !is_scheme(text.substr(0, colon))) return wrong("does not begin with scheme://");

  Url url;
  url.scheme = to_lower(text.substr(0, colon));
  text.remove_prefix(colon + 3);
  url.has_fragment = !cut_from(text, "#").empty();
  url.has_query = !cut_from(text, "?").empty();
  url.path = cut_from(text, "/");
  if (auto authority = parse_authority(text, url); !authority) return wrong(authority.error());
  return url;
}

}  // namespace kriya::config
