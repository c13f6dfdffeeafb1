#include "access/browser.h"

namespace kriya::access {
namespace {

std::vector<http::SecurityScheme> cookie_scheme(const BrowserGate& gate) {
  return {{"browser_session",
           {{"type", "apiKey"},
            {"in", "cookie"},
            {"name", gate.cookies.name()},
            {"description", "The browser's session. GET /api/status sets it; scripts cannot read it."}}}};
}

http::SecurityScheme csrf_scheme() {
  return {"csrf_token",
          {{"type", "apiKey"},
           {"in", "header"},
           {"name", "X-CSRF-Token"},
           {"description", "`csrf_token` of GET /api/status or POST /api/session."}}};
}

Result<void> take_cookie(BrowserSessions& sessions, const http::Request& request, http::Caller& caller) {
  if (auto ours = sessions.gate().origins.check(request); !ours) return ours;
  caller.browser = sessions.gate().cookies.read(request, sessions.now());
  return {};
}

Result<void> take_cookie_and_token(BrowserSessions& sessions, const http::Request& request, http::Caller& caller) {
  if (auto ours = take_cookie(sessions, request, caller); !ours) return ours;
  const auto token = request.header("X-CSRF-Token");
  if (!caller.browser || !token || token->empty()) {
    return fail(Errc::missing_csrf_token,
                "Ask GET /api/status, and send its cookie together with its csrf_token as X-CSRF-Token.");
  }
  if (request.count("X-CSRF-Token") > 1 || !sessions.gate().cookies.is_csrf_token(*token, caller.browser->sid)) {
    return fail(Errc::invalid_csrf_token, "The X-CSRF-Token is not that of this session; ask GET /api/status again.");
  }
  return {};
}

Task<Result<void>> recognise(BrowserSessions& sessions, http::Caller& caller) {
  auto principal = co_await sessions.principal(caller);
  if (!principal) co_return fail(std::move(principal.error()));
  caller.principal = *std::move(principal);
  co_return Result<void>();
}

}  // namespace

http::AccessRule require_browser_session(BrowserSessions& sessions) {
  return {.check = [&sessions](const http::Request& request,
                               http::Caller& caller) { return take_cookie_and_token(sessions, request, caller); },
          .schemes = cookie_scheme(sessions.gate()),
          .besides = {csrf_scheme()},
          .errors = {Errc::missing_csrf_token, Errc::invalid_csrf_token, Errc::foreign_origin}};
}

http::AccessRule require_browser(BrowserSessions& sessions) {
  http::AccessRule rule = require_browser_session(sessions);
  rule.confirm = [&sessions](http::Caller& caller) { return recognise(sessions, caller); };
  return rule;
}

http::AccessRule recognise_browser(BrowserSessions& sessions) {
  return {.check = [&sessions](const http::Request& request,
                               http::Caller& caller) { return take_cookie(sessions, request, caller); },
          .schemes = cookie_scheme(sessions.gate()),
          .optional = true,
          .errors = {Errc::foreign_origin}};
}

}  // namespace kriya::access
