#include "identity/account_endpoints.h"

#include "identity/endpoint_parts.h"

namespace kriya::identity {
namespace {

using http::Caller;
using http::Method;
using http::NoBody;
using http::RateLimit;

const std::vector<Errc> kStoreErrors = {Errc::unavailable, Errc::overloaded};

// Each sends a message, which costs money: closed. The limits on codes hold besides.
const RateLimit kCodeLimit{
    .name = "account-code", .scope = RateLimit::Scope::user, .requests = 30, .when_away = RateLimit::WhenAway::closed};

SessionBody example_session() {
  return {.id = "x5n0Qm7Zr1kJ9vTtB3uYw8LsDgHcPaEfKjRiMoXqNbU",
          .current = true,
          .started_at = *parse_rfc3339("2026-11-21T09:30:00Z"),
          .last_seen_at = *parse_rfc3339("2026-11-23T08:00:00Z"),
          .expires_at = *parse_rfc3339("2026-12-23T08:00:00Z"),
          .client_address = "203.0.113.7",
          .user_agent = "Mozilla/5.0"};
}

void add_sessions(http::Router& router, const http::AccessRule& holder, TokenValidation& validation,
                  OwnSessions& sessions) {
  router.add(
      Method::get, "/api/auth/sessions",
      http::Endpoint<NoBody, SessionList>{
          .summary = "Where I am signed in",
          .tag = kTag,
          .access = {holder},
          .limits = {kHolderAddressLimit, kHolderLimit},
          .errors = kStoreErrors,
          .example_answer = SessionList{{example_session()}},
          .no_store = true,
          .handle = [&](const NoBody&, const Caller& caller) { return sessions.list(*caller.token, caller.deadline); },
      });
  router.add(
      Method::delete_, "/api/auth/sessions/{id}",
      http::Endpoint<SessionId, LogoutAnswer>{
          .summary = "Sign one of my devices out",
          .description = "Its tokens are dead, on every instance, when the answer is sent.",
          .tag = kTag,
          .access = {holder},
          .limits = {kHolderAddressLimit, kHolderLimit},
          .errors = {Errc::not_found, Errc::unavailable, Errc::overloaded},
          .example_answer = LogoutAnswer{true, "Session ended"},
          .handle = [&](const SessionId& session,
                        const Caller& caller) { return sessions.end(*caller.token, session.id, caller.deadline); },
      });
  router.add(Method::delete_, "/api/auth/sessions",
             http::Endpoint<NoBody, LogoutAnswer>{
                 .summary = "Sign all my devices out",
                 .description = "As DELETE /api/auth/logout.",
                 .tag = kTag,
                 .access = {holder},
                 .limits = {kHolderAddressLimit, kHolderLimit},
                 .errors = kStoreErrors,
                 .example_answer = LogoutAnswer{true, "Logged out successfully"},
                 .handle = [&](const NoBody&,
                               const Caller& caller) { return validation.revoke_all(*caller.token, caller.deadline); },
             });
}

void add_reauthentication(http::Router& router, const http::AccessRule& holder, Reauthentication& reauthentication) {
  router.add(
      Method::post, "/api/auth/reauthenticate",
      http::Endpoint<NoBody, VerificationStarted>{
          .summary = "Send a code to my own phone",
          .description = "Needed within the 10 minutes before changing the phone number or deleting the account, "
                         "unless the sign-in itself is that fresh.",
          .tag = kTag,
          .access = {holder},
          .limits = {kHolderAddressLimit, kCodeLimit},
          .errors = errors_of_sending(),
          .example_answer = example_started(),
          .no_store = true,
          .handle = [&](const NoBody&, const Caller& caller) { return reauthentication.begin(caller); },
      });
  router.add(Method::post, "/api/auth/reauthenticate/verify",
             http::Endpoint<CodeRequest, LogoutAnswer>{
                 .summary = "Type that code back",
                 .tag = kTag,
                 .access = {holder},
                 .limits = {kVerifyLimit, kHolderLimit},
                 .errors = errors_of_checking(),
                 .example_request = example_code(),
                 .example_answer = LogoutAnswer{true, "Phone confirmed"},
                 .handle = [&](const CodeRequest& request,
                               const Caller& caller) { return reauthentication.finish(request, caller); },
             });
}

void add_phone_change(http::Router& router, const http::AccessRule& holder, PhoneChange& change) {
  router.add(Method::post, "/api/auth/phone",
             http::Endpoint<PhoneChangeRequest, VerificationStarted>{
                 .summary = "Change my phone number: send a code to the new one",
                 .tag = kTag,
                 .access = {holder},
                 .limits = {kHolderAddressLimit, kCodeLimit},
                 .errors = errors_of_sending({Errc::reauthentication_required}),
                 .example_request = PhoneChangeRequest{*PhoneNumber::parse("+14155550124"), verification::Channel::sms},
                 .example_answer = example_started(),
                 .no_store = true,
                 .handle = [&](const PhoneChangeRequest& request,
                               const Caller& caller) { return change.begin(request, caller); },
             });
  router.add(
      Method::post, "/api/auth/phone/verify",
      http::Endpoint<CodeRequest, SignInAnswer>{
          .summary = "Type that code back: the number is changed",
          .description = "Every other session ends, and both numbers are told. The answer has a new pair of tokens.",
          .tag = kTag,
          .access = {holder},
          .limits = {kVerifyLimit, kHolderLimit},
          .errors = errors_of_checking({Errc::conflict}),
          .example_request = example_code(),
          .example_answer = example_sign_in("Phone number changed"),
          .no_store = true,
          .handle = [&](const CodeRequest& request, const Caller& caller) { return change.finish(request, caller); },
      });
}

AccountExport example_export() {
  const UserBody user = example_user();
  return {.user = {.id = user.id,
                   .phone_number = user.phone_number,
                   .first_name = user.first_name,
                   .last_name = user.last_name,
                   .email = user.email,
                   .created_at = user.created_at,
                   .token_version = 0,
                   .scope = {}},
          .sessions = {},
          .issued_tokens = {},
          .messages = {},
          .conversations = {}};
}

void add_data(http::Router& router, const http::AccessRule& holder, AccountData& data) {
  router.add(Method::get, "/api/auth/user/export",
             http::Endpoint<NoBody, AccountExport>{
                 .summary = "All that is stored about me",
                 .tag = kTag,
                 .access = {holder},
                 .limits = {kHolderAddressLimit, kHolderLimit},
                 .errors = kStoreErrors,
                 .example_answer = example_export(),
                 .no_store = true,
                 .handle = [&](const NoBody&,
                               const Caller& caller) { return data.export_all(*caller.token, caller.deadline); },
             });
  router.add(
      Method::delete_, "/api/auth/user",
      http::Endpoint<NoBody, LogoutAnswer>{
          .summary = "Delete my account",
          .tag = kTag,
          .access = {holder},
          .limits = {kHolderAddressLimit, kHolderLimit},
          .errors = {Errc::reauthentication_required, Errc::unavailable, Errc::overloaded},
          .example_answer = LogoutAnswer{true, "Account deleted"},
          .handle = [&](const NoBody&, const Caller& caller) { return data.remove(*caller.token, caller.deadline); },
      });
}

}  // namespace

void add_account_endpoints(http::Router& router, AccountServices services) {
  const http::AccessRule holder = access::require_token(services.validation);
  add_sessions(router, holder, services.validation, services.sessions);
  add_reauthentication(router, holder, services.reauthentication);
  add_phone_change(router, holder, services.phone_change);
  add_data(router, holder, services.data);
}

}  // namespace kriya::identity
