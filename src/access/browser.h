// Requests that a browser makes with its cookie: what they must show.
#pragma once

#include "access/browser_cookies.h"
#include "access/origins.h"
#include "http/endpoint.h"

namespace kriya::access {

/// What can be said of a browser's request without any row.
struct BrowserGate {
  BrowserCookies cookies;
  Origins origins;
};

/// Who is behind a browser's session; implemented by identity::BrowserSignIn. Safe to use from every I/O thread.
class BrowserSessions {
 public:
  virtual ~BrowserSessions() = default;

  virtual const BrowserGate& gate() const = 0;
  virtual Timestamp now() const = 0;

  /// Who acts in the session of `Caller::browser`, now. Errors: missing_csrf_token, when nobody does: it has ended, or
  /// nobody signed in; those of Database.
  virtual Task<Result<http::Principal>> principal(http::Caller caller) = 0;
};

/// The request must come from a page of ours with cookie and X-CSRF-Token, which go into `Caller::browser`, and
/// somebody must act in that session, who goes into `Caller::principal`. A Bearer token waives nothing here, and is not
/// read. Errors: foreign_origin, missing_csrf_token (no or bad cookie, or no token), invalid_csrf_token; those of
/// Database. `sessions` must outlive it.
http::AccessRule require_browser(BrowserSessions& sessions);

/// As `require_browser`, but nobody needs to act: for signing in and out. No row is read.
http::AccessRule require_browser_session(BrowserSessions& sessions);

/// The request must not come from a foreign page. A good cookie goes into `Caller::browser`; without one it goes on all
/// the same. Errors: foreign_origin.
http::AccessRule recognise_browser(BrowserSessions& sessions);

}  // namespace kriya::access
