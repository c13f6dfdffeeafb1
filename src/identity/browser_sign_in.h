// Signing in with a browser: its session behind a cookie.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "access/browser.h"
#include "http/endpoint.h"
#include "identity/account_store.h"
#include "identity/browser_messages.h"
#include "identity/registration.h"
#include "identity/session_store.h"
#include "identity/sign_in_issuer.h"

namespace kriya::identity {

/// A visitor's session is its cookie alone. A person's is a row, too, as every sign-in: what ends that ends this, at
/// once and on every instance. Stateless; safe to call from any I/O thread.
class BrowserSignIn final : public access::BrowserSessions {
 public:
  struct Rules {
    /// Development: a visitor from this machine is the demo identity, and GET /api/status answers access tokens.
    bool development = false;

    /// An access token of the demo identity; may be empty.
    std::function<std::string()> demo_token = {};
  };

  /// The references must outlive it.
  BrowserSignIn(access::BrowserGate gate, Rules rules, Registration& registration, AccountStore& accounts,
                SessionStore& sessions, const SignInIssuer& issuer, const Clock& clock);

  const access::BrowserGate& gate() const override { return gate_; }
  Timestamp now() const override { return clock_.now(); }
  Task<Result<http::Principal>> principal(http::Caller caller) override;

  /// Renews the session of `Caller::browser`, or begins a visitor's where there is none, or one that has ended. Errors:
  /// those of Database.
  Task<Result<http::WithHeaders<StatusAnswer>>> status(http::Caller caller);

  /// Signs in whoever types the code back, in a session that is new, and ends the one that the browser had. Errors:
  /// those of Registration::verify.
  Task<Result<http::WithHeaders<BrowserSignInAnswer>>> sign_in(CodeRequest request, http::Caller caller);

  /// Ends the session of `Caller::browser`, durably when it returns, and removes the cookie. Errors: those of Database.
  Task<Result<http::WithHeaders<LogoutAnswer>>> sign_out(http::Caller caller);

 private:
  Task<Result<std::optional<HeldSession>>> person(std::optional<http::BrowserSession> browser, Deadline deadline);
  Task<Result<void>> prolong(HeldSession& held, const http::Caller& caller);
  Task<Result<std::optional<std::string>>> token(std::optional<HeldSession> held, http::Caller caller);
  bool is_demo(const http::Caller& caller) const { return rules_.development && caller.local; }
  http::BrowserSession fresh_cookie(std::string sid, bool person) const;

  access::BrowserGate gate_;
  Rules rules_;
  Registration& registration_;
  AccountStore& accounts_;
  SessionStore& sessions_;
  const SignInIssuer& issuer_;
  const Clock& clock_;
};

}  // namespace kriya::identity
