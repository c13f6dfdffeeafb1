#include "access/browser_cookies.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/digest.h"

namespace kriya::access {
namespace {

constexpr std::string_view kPerson = "person";
constexpr std::string_view kVisitor = "visitor";

std::string mac(const Secret& key, std::string_view text) {
  return base64url_encode(crypto::hmac_sha256(key.reveal(), text));
}

/// What stands before the next dot, which goes too.
std::string_view take_part(std::string_view& text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const std::string_view part = text.substr(0, dot);
  text.remove_prefix(std::min(dot + 1, text.size()));
  return part;
}

}  // namespace

std::optional<std::string_view> sole_cookie(std::string_view header, std::string_view name) {
  std::optional<std::string_view> found;
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    const std::string_view pair = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name) continue;
    if (found) return std::nullopt;
    found = trim(pair.substr(equals + 1));
  }
  return found;
}

BrowserCookies::BrowserCookies(const Secret& master, Rules rules)
    : rules_(std::move(rules)),
      // Browsers take a __Host- cookie only if it is Secure, for all paths and for this host alone: no other host, and
      // nobody in the middle of plain HTTP, can plant one.
      name_(rules_.production ? "__Host-auth_token" : "auth_token"),
      session_key_(crypto::derive_key(master, "browser-session")),
      csrf_key_(crypto::derive_key(master, "csrf")) {}

std::optional<http::BrowserSession> BrowserCookies::read(const http::Request& request, Timestamp now) const {
  if (request.count("Cookie") != 1) return std::nullopt;  // HTTP/1.1 allows one line (RFC 6265 section 5.4)
  const auto value = sole_cookie(*request.header("Cookie"), name_);
  if (!value) return std::nullopt;
  auto session = open(*value);
  if (!session || session->expires_at <= now) return std::nullopt;
  return session;
}

std::string BrowserCookies::set(const http::BrowserSession& session) const {
  return with_attributes(write(session), rules_.life);
}

std::string BrowserCookies::remove() const { return with_attributes("", std::chrono::seconds(0)); }

std::string BrowserCookies::csrf_token(std::string_view sid) const { return mac(csrf_key_, sid); }

bool BrowserCookies::is_csrf_token(std::string_view offered, std::string_view sid) const {
  return crypto::equal_in_constant_time(offered, csrf_token(sid));
}

std::string BrowserCookies::write(const http::BrowserSession& session) const {
  std::string text(session.person ? kPerson : kVisitor);
  text += '.' + session.sid + '.' + std::to_string(session.expires_at.seconds());
  const std::string signature = mac(session_key_, text);
  return text + '.' + signature;
}

std::optional<http::BrowserSession> BrowserCookies::open(std::string_view value) const {
  const std::size_t dot = value.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  std::string_view text = value.substr(0, dot);
  if (!crypto::equal_in_constant_time(value.substr(dot + 1), mac(session_key_, text))) return std::nullopt;
  // From here on it is what `write` made.
  const bool person = take_part(text) == kPerson;
  std::string sid(take_part(text));
  std::int64_t expires = 0;
  std::from_chars(text.data(), text.data() + text.size(), expires);
  return http::BrowserSession{.sid = std::move(sid), .person = person, .expires_at = Timestamp::from_seconds(expires)};
}

std::string BrowserCookies::with_attributes(std::string_view value, std::chrono::seconds life) const {
  std::string cookie = name_ + '=';
  cookie += value;
  cookie += "; Path=/; Max-Age=" + std::to_string(life.count()) + "; HttpOnly; SameSite=" + rules_.same_site;
  if (rules_.production || rules_.secure) cookie += "; Secure";
  return cookie;
}

}  // namespace kriya::access
