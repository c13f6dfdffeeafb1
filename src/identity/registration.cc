#include "identity/registration.h"

#include "crypto/random.h"

namespace kriya::identity {
namespace {

constexpr auto kAnyone = "";  // may answer who holds the verification's id: nobody is signed in yet

template <class T>
std::optional<std::string> text_of(const std::optional<T>& value) {
  return value ? std::optional(value->str()) : std::nullopt;
}

Result<Profile> read_profile(const std::string& payload) {
  return parse_json(payload).and_then([](const json::value& value) { return schema::read<Profile>(value); });
}

}  // namespace

Registration::Registration(Rules rules, AccountStore& accounts, SessionStore& sessions, const SignInIssuer& issuer,
                           const UserTokens& tokens, verification::Verification& verification, const Clock& clock,
                           telemetry::Metrics& metrics)
    : rules_(rules),
      accounts_(accounts),
      sessions_(sessions),
      issuer_(issuer),
      tokens_(tokens),
      verification_(verification),
      clock_(clock),
      registered_(metrics.counter("kriya_users_registered_total", "Accounts created.")) {}

Task<Result<RegisterAnswer>> Registration::begin(RegisterRequest request, http::Caller caller) {
  if (rules_.demand_valid_numbers && !request.phone_number.is_valid()) {
    co_return fail(Error{Errc::invalid_fields,
                         "A field is not acceptable: phone_number is not a valid phone number.",
                         {{"phone_number", "is not a valid phone number"}}});
  }
  if (rules_.verification_required && !caller.trusted_registrar) {
    co_return co_await send_code(std::move(request), std::move(caller));
  }
  if (caller.trusted_registrar) {
    const auto unlocked = co_await verification_.unlock(request.phone_number, caller.deadline);
    if (!unlocked) co_return fail(unlocked.error());
  }
  Profile profile{std::move(request.first_name), std::move(request.last_name), std::move(request.email)};
  const Issue issue = [&](const User& user) { return issuer_.vouched(user, caller); };
  auto outcome = co_await enrol(std::move(request.phone_number), std::move(profile), issue, caller.deadline);
  if (!outcome) co_return fail(std::move(outcome.error()));
  co_return RegisterAnswer(answer(*std::move(outcome)));
}

Task<Result<RegisterAnswer>> Registration::send_code(RegisterRequest request, http::Caller caller) {
  const auto owner = co_await owner_session(request, caller);
  if (!owner) co_return fail(owner.error());
  verification::StartRequest start{
      .phone_number = request.phone_number,
      .purpose = verification::Purpose::sign_in,
      .opened_by = kAnyone,
      .payload = schema::write(Profile{request.first_name, request.last_name, request.email}),
      .channel = request.channel,
      .languages = caller.accept_language};
  if (*owner) {
    start.owner_session = (*owner)->session.id;
    start.user_id = (*owner)->user.id;
  }
  auto body = co_await verification_.start(std::move(start), std::move(caller));
  if (!body) co_return fail(std::move(body.error()));
  co_return RegisterAnswer(VerificationStarted{true, "Verification code sent", *std::move(body)});
}

Task<Result<VerificationStarted>> Registration::resend(ResendRequest request, http::Caller caller) {
  auto body =
      co_await verification_.resend(std::move(request.verification_id), kAnyone, request.channel, std::move(caller));
  if (!body) co_return fail(std::move(body.error()));
  co_return VerificationStarted{true, "Verification code sent", *std::move(body)};
}

Task<Result<SignInAnswer>> Registration::verify(CodeRequest request, http::Caller caller) {
  const Issue issue = [&](const User& user) { return issuer_.proven(user, caller); };
  auto outcome = co_await prove(std::move(request), issue, caller);
  if (!outcome) co_return fail(std::move(outcome.error()));
  co_return answer(*std::move(outcome));
}

Task<Result<HeldSession>> Registration::verify_in_browser(CodeRequest request, std::chrono::seconds idle,
                                                          std::optional<std::string> instead_of, http::Caller caller) {
  const Issue issue = [&](const User& user) { return issuer_.in_browser(user, idle, instead_of, caller); };
  auto outcome = co_await prove(std::move(request), issue, caller);
  if (!outcome) co_return fail(std::move(outcome.error()));
  co_return HeldSession{std::move(outcome->issued.rows.session), std::move(outcome->user)};
}

Task<Result<Registration::Outcome>> Registration::prove(CodeRequest request, Issue issue, http::Caller caller) {
  auto proof = co_await verification_.check(std::move(request.verification_id), std::move(request.code),
                                            verification::Purpose::sign_in, kAnyone, caller);
  if (!proof) co_return fail(std::move(proof.error()));
  auto profile = read_profile(proof->payload);
  if (!profile) co_return fail(Errc::internal, "The profile of a verification cannot be read.");
  co_return co_await enrol(std::move(proof->phone_number), *std::move(profile), std::move(issue), caller.deadline);
}

Task<Result<Registration::Outcome>> Registration::enrol(PhoneNumber number, Profile profile, Issue issue,
                                                        Deadline deadline) {
  auto known = co_await accounts_.find_by_phone(number.str(), deadline);
  if (!known) co_return fail(known.error());
  if (*known) co_return co_await sign_in(**std::move(known), std::move(issue), deadline);

  const Timestamp now = clock_.now();
  const User user{.id = crypto::new_uuid(now),
                  .phone_number = number.str(),
                  .first_name = profile.first_name.str(),
                  .last_name = text_of(profile.last_name),
                  .email = text_of(profile.email),
                  .token_version = 0,
                  .created_at = now};
  IssuedSignIn issued = issue(user);
  const auto created = co_await accounts_.create(user, issued.rows, deadline);
  if (!created) co_return fail(created.error());
  if (*created) {
    registered_.add();
    co_return Outcome{"Registration successful", user, std::move(issued)};
  }
  // Another registration of this number won the race: sign in to what it made.
  known = co_await accounts_.find_by_phone(user.phone_number, deadline);
  if (!known) co_return fail(known.error());
  if (!*known) co_return fail(Errc::conflict, "This account is just being deleted; try again.");
  co_return co_await sign_in(**std::move(known), std::move(issue), deadline);
}

Task<Result<Registration::Outcome>> Registration::sign_in(User user, Issue issue, Deadline deadline) {
  IssuedSignIn issued = issue(user);
  const auto begun = co_await sessions_.begin(issued.rows, deadline);
  if (!begun) co_return fail(begun.error());
  co_return Outcome{"Login successful", std::move(user), std::move(issued)};
}

SignInAnswer Registration::answer(Outcome outcome) const {
  return issuer_.answer(outcome.message, outcome.user, std::move(outcome.issued));
}

Task<Result<std::optional<HeldSession>>> Registration::owner_session(const RegisterRequest& request,
                                                                     const http::Caller& caller) {
  const Timestamp now = clock_.now();
  const auto owns = [&](const Session& session, const User& user) {
    return user.phone_number == request.phone_number.str() && lives(session, user.token_version, now);
  };
  if (const auto hash = SignInIssuer::hash_of(request.refresh_token.value_or(std::string()))) {
    const auto held = co_await sessions_.find_refresh_token(*hash, caller.deadline);
    if (!held) co_return fail(held.error());
    if (*held && !(*held)->token.used_at && (*held)->token.expires_at > now && owns((*held)->session, (*held)->user)) {
      co_return HeldSession{(*held)->session, (*held)->user};
    }
  }
  if (caller.bearer.empty()) co_return std::nullopt;
  const auto claims = tokens_.read(caller.bearer);
  if (!claims || !claims->session) co_return std::nullopt;
  auto held = co_await sessions_.find(*claims->session, caller.deadline);
  if (!held) co_return fail(held.error());
  if (!*held || (*held)->user.id != claims->user_id || !owns((*held)->session, (*held)->user)) co_return std::nullopt;
  co_return **std::move(held);
}

}  // namespace kriya::identity
