#include "identity/phone_change.h"

namespace kriya::identity {
namespace {

// The change is done; the person need not wait long for the provider of messages.
constexpr std::chrono::seconds kNoticePatience{3};

}  // namespace

PhoneChange::PhoneChange(TokenValidation& validation, AccountStore& accounts, const SignInIssuer& issuer,
                         verification::Verification& verification, messaging::Messenger& messenger,
                         const verification::MessageTexts& texts, const Clock& clock, const telemetry::Log& log)
    : validation_(validation),
      accounts_(accounts),
      issuer_(issuer),
      verification_(verification),
      messenger_(messenger),
      texts_(texts),
      clock_(clock),
      log_(log) {}

Task<Result<VerificationStarted>> PhoneChange::begin(PhoneChangeRequest request, http::Caller caller) {
  const auto who = co_await validation_.signed_in(*caller.token, caller.deadline);
  if (!who) co_return fail(who.error());
  if (const auto fresh = demand_fresh_proof(*who, clock_.now()); !fresh) co_return fail(fresh.error());
  verification::StartRequest start{.phone_number = std::move(request.phone_number),
                                   .purpose = verification::Purpose::change_phone,
                                   .opened_by = opened_by(*who),
                                   .channel = request.channel,
                                   .languages = caller.accept_language,
                                   .user_id = who->user.id};
  auto body = co_await verification_.start(std::move(start), std::move(caller));
  if (!body) co_return fail(std::move(body.error()));
  co_return VerificationStarted{true, "Verification code sent", *std::move(body)};
}

Task<Result<SignInAnswer>> PhoneChange::finish(CodeRequest request, http::Caller caller) {
  const auto who = co_await validation_.signed_in(*caller.token, caller.deadline);
  if (!who) co_return fail(who.error());
  const auto proof = co_await verification_.check(std::move(request.verification_id), std::move(request.code),
                                                  verification::Purpose::change_phone, opened_by(*who), caller);
  if (!proof) co_return fail(proof.error());
  User after = who->user;
  after.phone_number = proof->phone_number.str();
  ++after.token_version;
  IssuedSignIn issued = issuer_.proven(after, caller);
  const auto bound = co_await bind(who->user, after, issued.rows, caller.deadline);
  if (!bound) co_return fail(bound.error());

  if (const auto old_number = PhoneNumber::parse(who->user.phone_number)) {
    co_await tell(*old_number, "", after.id, caller);  // its reader need not be who asks
  }
  co_await tell(proof->phone_number, caller.accept_language, after.id, caller);
  co_return issuer_.answer("Phone number changed", after, std::move(issued));
}

Task<Result<void>> PhoneChange::bind(User before, User after, SignIn next, Deadline deadline) {
  const auto taken = [] { return fail(Errc::conflict, "This number belongs to another account."); };
  const auto holder = co_await accounts_.find_by_phone(after.phone_number, deadline);
  if (!holder) co_return fail(holder.error());
  if (*holder && (*holder)->id != before.id) co_return taken();
  const auto changed = co_await accounts_.change_phone(std::move(before), std::move(after.phone_number),
                                                       std::move(next), clock_.now(), deadline);
  if (!changed && changed.error().code == Errc::conflict) co_return taken();
  if (!changed) co_return fail(changed.error());
  if (!*changed) co_return fail(Errc::invalid_token, "You were just signed out.");
  co_return Result<void>();
}

Task<void> PhoneChange::tell(PhoneNumber number, std::string languages, Uuid user_id, http::Caller caller) {
  std::string text = texts_.phone_changed(texts_.locale_for(languages, number.region()));
  messaging::NewMessage notice{.to = std::move(number),
                               .content = {},
                               .kind = "notice",
                               .requested_by = "user:" + user_id.str(),
                               .user_id = user_id,
                               .client_address = caller.address};
  notice.content.text = std::move(text);
  const auto sent = co_await messenger_.send(std::move(notice), Deadline::after(kNoticePatience));
  if (!sent) log_.warning("a notice of a changed number was not sent", {{"cause", name(sent.error().code)}});
}

}  // namespace kriya::identity
