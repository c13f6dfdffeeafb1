// The cookie by which a browser is known again, and the CSRF token that goes with it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/time.h"
#include "http/caller.h"
#include "http/message.h"

namespace kriya::access {

/// The value of the cookie `name` in a Cookie header (RFC 6265 section 4.2.1). Nullopt when it is absent, and also when
/// it is there more than once: then somebody else has set one of them, and nobody can say which.
std::optional<std::string_view> sole_cookie(std::string_view header, std::string_view name);

/// Makes and reads cookies; nothing is stored. A cookie is signed, because the sid alone is no secret: its owner sees
/// it in lists, and tokens and the database bear it.
///
/// Safe to use from every thread.
class BrowserCookies {
 public:
  struct Rules {
    bool production = false;          // the name is __Host-auth_token, and the cookie is always Secure
    bool secure = false;              // over HTTPS only
    std::string same_site = "Lax";    // as it stands in the cookie
    std::chrono::seconds life{3600};  // of each cookie; asking for the status gives a new one
  };

  /// `master`: MASTER_KEY.
  BrowserCookies(const Secret& master, Rules rules);

  std::string_view name() const { return name_; }
  std::chrono::seconds life() const { return rules_.life; }

  /// What the request's cookie says; nullopt without one that was made here and has not expired by `now`.
  std::optional<http::BrowserSession> read(const http::Request& request, Timestamp now) const;

  /// The values of Set-Cookie that set a cookie and that remove it.
  std::string set(const http::BrowserSession& session) const;
  std::string remove() const;

  /// The CSRF token of a session: always the same one, on every instance.
  std::string csrf_token(std::string_view sid) const;

  /// In a time that depends on neither.
  bool is_csrf_token(std::string_view offered, std::string_view sid) const;

 private:
  std::string write(const http::BrowserSession& session) const;
  std::optional<http::BrowserSession> open(std::string_view value) const;
  std::string with_attributes(std::string_view value, std::chrono::seconds life) const;

  Rules rules_;
  std::string name_;
  Secret session_key_;
  Secret csrf_key_;
};

}  // namespace kriya::access
