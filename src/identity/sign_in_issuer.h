// What a sign-in gives: a session, its tokens, and the answer that tells them.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/secret.h"
#include "http/caller.h"
#include "identity/auth_messages.h"
#include "identity/session.h"
#include "identity/user_token.h"
#include "telemetry/metrics.h"

namespace kriya::identity {

/// A sign-in that is not stored yet. The tokens' own texts are here and nowhere else.
struct IssuedSignIn {
  std::string token;
  std::optional<std::string> refresh_token;
  Timestamp expires_at;  // of the token
  SignIn rows;
};

/// Stateless; safe to use from any thread. Errors: none; whoever stores what it gives has them.
class SignInIssuer {
 public:
  struct Rules {
    std::chrono::seconds idle = std::chrono::days(30);  // a session ends when it is not refreshed for so long,
    std::chrono::seconds life = std::chrono::days(90);  // and after so long in any case
  };

  /// `master`: MASTER_KEY. The references must outlive it.
  SignInIssuer(Rules rules, const Secret& master, const UserTokens& tokens, const Clock& clock,
               telemetry::Metrics& metrics);

  /// A sign-in of somebody who has proven to hold the phone: the session lasts, and has a refresh token.
  IssuedSignIn proven(const User& user, const http::Caller& caller) const;

  /// A sign-in that somebody else vouches for: the session ends with its one token.
  IssuedSignIn vouched(const User& user, const http::Caller& caller) const;

  /// A sign-in in a browser, by a proof of the phone: the session has a cookie instead of tokens, and ends when it is
  /// not renewed for `idle`. `instead_of`: the session that the browser had until now.
  IssuedSignIn in_browser(const User& user, std::chrono::seconds idle, std::optional<std::string> instead_of,
                          const http::Caller& caller) const;

  /// When a browser's session ends that is renewed now.
  Timestamp renewed_until(const Session& session, std::chrono::seconds idle) const;

  /// A token of a browser's session, for development: not stored or counted yet.
  IssuedToken browser_token(const User& user, const Session& session, const http::Caller& caller) const;

  /// One more token of a session, with the successor of the refresh token `parent`, whose row is always the same one
  /// but for its times. `rows.session` has its new times.
  IssuedSignIn next(const User& user, Session session, const std::string& parent, const http::Caller& caller) const;

  /// The hash under which a refresh token is stored; nullopt for a text that is no refresh token.
  static std::optional<std::string> hash_of(std::string_view refresh_token);

  /// The answer to the person, counted as issued: call it when the rows are stored.
  SignInAnswer answer(std::string message, const User& user, IssuedSignIn issued) const;

 private:
  Session new_session(const User& user, const http::Caller& caller) const;
  void add_token(IssuedSignIn& issued, const User& user, const http::Caller& caller) const;
  void add_refresh_token(IssuedSignIn& issued, std::string token) const;

  Rules rules_;
  Secret key_;
  const UserTokens& tokens_;
  const Clock& clock_;
  telemetry::Counter& issued_;
};

}  // namespace kriya::identity
