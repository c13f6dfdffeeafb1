#include "identity/registration.h"

#include "crypto/random.h"

namespace kriya::identity {
namespace {

template <class T>
std::optional<std::string> text_of(const std::optional<T>& value) {
  return value ? std::optional(value->str()) : std::nullopt;
}

}  // namespace

Registration::Registration(Rules rules, AccountStore& accounts, const UserTokens& tokens, const Clock& clock,
                           telemetry::Metrics& metrics)
    : rules_(rules),
      accounts_(accounts),
      tokens_(tokens),
      clock_(clock),
      issued_(metrics.counter("kriya_tokens_issued_total", "User tokens issued.")),
      registered_(metrics.counter("kriya_users_registered_total", "Accounts created.")) {}

Task<Result<SignInAnswer>> Registration::begin(RegisterRequest request, http::Caller caller) {
  if (rules_.verification_required && !caller.trusted_registrar) {
    co_return fail(Errc::verification_unavailable,
                   "This server cannot prove phone numbers yet: register through a trusted server's X-API-Key.");
  }
  if (rules_.demand_valid_numbers && !request.phone_number.is_valid()) {
    co_return fail(Error{Errc::invalid_fields,
                         "A field is not acceptable: phone_number is not a valid phone number.",
                         {{"phone_number", "is not a valid phone number"}}});
  }
  auto known = co_await accounts_.find_by_phone(request.phone_number.str(), caller.deadline);
  if (!known) co_return fail(known.error());
  if (*known) co_return co_await sign_in(**std::move(known), std::move(caller));

  const Timestamp now = clock_.now();
  const User user{.id = crypto::new_uuid(now),
                  .phone_number = request.phone_number.str(),
                  .first_name = request.first_name.str(),
                  .last_name = text_of(request.last_name),
                  .email = text_of(request.email),
                  .token_version = 0,
                  .created_at = now};
  IssuedToken token = issue_to(user, caller);
  const auto created = co_await accounts_.create(user, token.record, caller.deadline);
  if (!created) co_return fail(created.error());
  if (*created) {
    registered_.add();
    co_return answer("Registration successful", user, std::move(token));
  }
  // Another registration of this number won the race: sign in to what it made.
  known = co_await accounts_.find_by_phone(user.phone_number, caller.deadline);
  if (!known) co_return fail(known.error());
  if (!*known) co_return fail(Errc::conflict, "This account is just being deleted; try again.");
  co_return co_await sign_in(**std::move(known), std::move(caller));
}

Task<Result<SignInAnswer>> Registration::sign_in(User user, http::Caller caller) {
  IssuedToken token = issue_to(user, caller);
  const auto recorded = co_await accounts_.record_token(token.record, caller.deadline);
  if (!recorded) co_return fail(recorded.error());
  co_return answer("Login successful", user, std::move(token));
}

IssuedToken Registration::issue_to(const User& user, const http::Caller& caller) const {
  IssuedToken token = tokens_.issue(user);
  token.record.client_address = caller.address;
  token.record.user_agent = caller.user_agent;
  return token;
}

SignInAnswer Registration::answer(const char* message, const User& user, IssuedToken token) {
  issued_.add();
  return {.success = true,
          .message = message,
          .token = std::move(token.jwt),
          .user = to_body(user),
          .expires_at = token.expires_at};
}

}  // namespace kriya::identity
