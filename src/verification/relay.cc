#include "verification/relay.h"

#include "crypto/random.h"
#include "http/client_address.h"

namespace kriya::verification {
namespace {

using http::Caller;

Result<Caller> on_behalf_of(const Asker& asker, Caller caller, const std::optional<std::string>& client_address) {
  if (!asker.for_many) return caller;
  if (!client_address) {
    caller.address = asker.name + ":" + crypto::random_token();
    return caller;
  }
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(*client_address, not_an_address);
  if (not_an_address) {
    return fail(Error{Errc::invalid_fields,
                      "A field is not acceptable: client_address must be an IP address.",
                      {{"client_address", "must be an IP address"}}});
  }
  caller.address = http::address_text(address);
  return caller;
}

Result<VerificationStarted> as_started(Result<VerificationBody> body) {
  if (!body) return fail(std::move(body.error()));
  return VerificationStarted{true, "Verification code sent", *std::move(body)};
}

}  // namespace

Task<Result<VerificationStarted>> start_relay(Verification& verification, PhoneVerificationRequest request, Asker asker,
                                              Caller caller) {
  StartRequest wanted{.phone_number = std::move(request.phone_number),
                      .purpose = Purpose::relay,
                      .opened_by = asker.name,
                      .channel = request.channel,
                      .languages = request.locale.value_or(caller.accept_language)};
  auto behalf = on_behalf_of(asker, std::move(caller), request.client_address);
  if (!behalf) co_return fail(std::move(behalf.error()));
  co_return as_started(co_await verification.start(std::move(wanted), *std::move(behalf)));
}

Task<Result<VerificationStarted>> resend_relay(Verification& verification, ResendRequest request, Asker asker,
                                               Caller caller) {
  co_return as_started(co_await verification.resend(std::move(request.verification_id), asker.name, request.channel,
                                                    *on_behalf_of(asker, std::move(caller), std::nullopt)));
}

Task<Result<PhoneVerificationAnswer>> check_relay(Verification& verification, CodeRequest request, Asker asker,
                                                  Caller caller) {
  auto proof = co_await verification.check(std::move(request.verification_id), std::move(request.code), Purpose::relay,
                                           asker.name, *on_behalf_of(asker, std::move(caller), std::nullopt));
  if (proof) co_return PhoneVerificationAnswer{true, proof->phone_number.str(), std::nullopt, "The code is right"};
  if (proof.error().code != Errc::invalid_code) co_return fail(std::move(proof.error()));
  co_return PhoneVerificationAnswer{false, std::nullopt, proof.error().attempts_left, "The code is wrong"};
}

}  // namespace kriya::verification
