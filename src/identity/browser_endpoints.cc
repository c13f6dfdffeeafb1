#include "identity/browser_endpoints.h"

#include "identity/endpoint_parts.h"

namespace kriya::identity {
namespace {

using http::Caller;
using http::Method;
using http::NoBody;
using http::WithHeaders;

constexpr const char* kBrowserTag = "Browser session";
constexpr const char* kExampleCsrfToken = "mZ0Jc8o5n1rYt7uLwEaSdFgHjKlPzXcVbNmQq3vXkq2";

// Many people may share an address, and every page asks for the status when it is opened.
const http::RateLimit kStatusLimit{.name = "status", .scope = http::RateLimit::Scope::address, .requests = 3'000};

}  // namespace

void add_browser_endpoints(http::Router& router, BrowserSignIn& browsers) {
  router.add(
      Method::get, "/api/status",
      http::Endpoint<NoBody, WithHeaders<StatusAnswer>>{
          .summary = "The browser's session: begun, or renewed",
          .description = "A page asks this first. A good cookie keeps its session and its CSRF token, so tabs do not "
                         "disturb each other; any other is replaced by a visitor's. `token` is null in production.",
          .tag = kBrowserTag,
          .access = {access::recognise_browser(browsers)},
          .limits = {kStatusLimit},
          .errors = {Errc::unavailable, Errc::overloaded},
          .example_answer = {{.body = {.token = {}, .authenticated = true, .csrf_token = kExampleCsrfToken}}},
          .no_store = true,
          .set_cookie = "The session, for one hour from now. Scripts cannot read it.",
          .handle = [&](const NoBody&, const Caller& caller) { return browsers.status(caller); },
      });
  router.add(
      Method::post, "/api/session",
      http::Endpoint<CodeRequest, WithHeaders<BrowserSignInAnswer>>{
          .summary = "Sign in with the code that the phone received",
          .description =
              "POST /api/auth/register sends the code. The session is a new one, with a CSRF token of its own; "
              "the one that the browser had is ended.",
          .tag = kBrowserTag,
          .access = {access::require_browser_session(browsers)},
          .limits = {kVerifyLimit},
          .errors = errors_of_checking({Errc::conflict}),
          .example_request = example_code(),
          .example_answer = {{.body = {.csrf_token = kExampleCsrfToken,
                                       .user = example_user(),
                                       .expires_at = *parse_rfc3339("2026-11-21T10:30:00Z")}}},
          .no_store = true,
          .set_cookie = "The new session, for one hour from now.",
          .handle = [&](const CodeRequest& request, const Caller& caller) { return browsers.sign_in(request, caller); },
      });
  router.add(Method::delete_, "/api/session",
             http::Endpoint<NoBody, WithHeaders<LogoutAnswer>>{
                 .summary = "Sign out in this browser",
                 .description = "The session is dead, on every instance, when the answer is sent.",
                 .tag = kBrowserTag,
                 .access = {access::require_browser_session(browsers)},
                 .limits = {kStatusLimit},
                 .errors = {Errc::unavailable, Errc::overloaded},
                 .example_answer = {{.body = {true, "Signed out"}}},
                 .no_store = true,
                 .set_cookie = "Removes the cookie.",
                 .handle = [&](const NoBody&, const Caller& caller) { return browsers.sign_out(caller); },
             });
}

}  // namespace kriya::identity
