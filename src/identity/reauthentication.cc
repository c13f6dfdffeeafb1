#include "identity/reauthentication.h"

namespace kriya::identity {

Result<void> demand_fresh_proof(const SignedIn& who, Timestamp now) {
  if (who.session && who.session->proven_at && now < *who.session->proven_at + kFreshProof) return {};
  return fail(Errc::reauthentication_required,
              "Prove first that you hold the phone: POST /api/auth/reauthenticate sends a code.");
}

std::string opened_by(const SignedIn& who) {
  return "session:" + (who.session ? who.session->id : std::string("none"));
}

Task<Result<SignedIn>> Reauthentication::with_session(http::Caller caller) {
  auto who = co_await validation_.signed_in(*caller.token, caller.deadline);
  if (who && !who->session) co_return fail(Errc::invalid_token, "This token is of an older kind; sign in again.");
  co_return who;
}

Task<Result<VerificationStarted>> Reauthentication::begin(http::Caller caller) {
  const auto who = co_await with_session(caller);
  if (!who) co_return fail(who.error());
  const auto number = PhoneNumber::parse(who->user.phone_number);
  if (!number) co_return fail(Errc::internal, "The stored number is none.");
  verification::StartRequest start{.phone_number = *number,
                                   .purpose = verification::Purpose::reauthenticate,
                                   .opened_by = opened_by(*who),
                                   .languages = caller.accept_language,
                                   .owner_session = who->session->id,
                                   .user_id = who->user.id};
  auto body = co_await verification_.start(std::move(start), std::move(caller));
  if (!body) co_return fail(std::move(body.error()));
  co_return VerificationStarted{true, "Verification code sent", *std::move(body)};
}

Task<Result<LogoutAnswer>> Reauthentication::finish(CodeRequest request, http::Caller caller) {
  const auto who = co_await with_session(caller);
  if (!who) co_return fail(who.error());
  const auto proof = co_await verification_.check(std::move(request.verification_id), std::move(request.code),
                                                  verification::Purpose::reauthenticate, opened_by(*who), caller);
  if (!proof) co_return fail(proof.error());
  // The number may have changed since the code was sent.
  if (proof->phone_number.str() != who->user.phone_number) {
    co_return fail(Errc::verification_expired, "This code was for another number; ask for a new one.");
  }
  const auto noted = co_await sessions_.prove(who->session->id, who->user.id, clock_.now(), caller.deadline);
  if (!noted) co_return fail(noted.error());
  if (!*noted) co_return fail(Errc::invalid_token, "The session was just ended.");
  co_return LogoutAnswer{true, "Phone confirmed"};
}

}  // namespace kriya::identity
