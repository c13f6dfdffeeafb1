#include "messaging/webhook_endpoints.h"

#include <algorithm>

#include "crypto/digest.h"

namespace kriya::messaging {
namespace {

using http::Caller;
using http::Method;

constexpr const char* kReceiptsTag = "Receipts";
constexpr std::size_t kLongestChallenge = 128;

// Providers want their answer within 5 s; what takes longer they send again.
constexpr std::chrono::milliseconds kPatience{4'000};

http::Operation described(std::string summary, std::string description, std::vector<Errc> errors) {
  return {.summary = std::move(summary),
          .description = std::move(description),
          .tag = kReceiptsTag,
          .errors = std::move(errors),
          .request_schema = {},
          .request_example = {},
          .answers = {{.status = 200, .schema = {{"type", "string"}}, .content_type = "text/plain"}}};
}

Task<http::Response> take(const ReceiptParser& parser, ReceiptIntake& intake, const http::Request& request,
                          const Caller& caller) {
  auto receipts = parser.parse(request);
  if (!receipts) co_return http::problem_response(receipts.error(), caller.request_id);
  const auto taken =
      co_await intake.take(std::string(parser.provider()), *std::move(receipts), caller.deadline.within(kPatience));
  if (!taken) co_return http::problem_response(taken.error(), caller.request_id);
  co_return http::Response{.status = 200, .content_type = "text/plain", .body = "OK"};
}

}  // namespace

void add_receipt_endpoint(http::Router& router, std::string path, const ReceiptParser& parser, ReceiptIntake& intake) {
  router.add(
      {.method = Method::post,
       .path = std::move(path),
       .access = {},
       .run = [&](const http::Request& request, const Caller& caller) { return take(parser, intake, request, caller); },
       .describe =
           [](schema::Components&) {
             return described("A provider's receipts",
                              "Signed by the provider over the raw body. 200 once they are kept; the same one "
                              "again changes nothing.",
                              {Errc::bad_request, Errc::invalid_json, Errc::forbidden, Errc::payload_too_large,
                               Errc::unavailable, Errc::overloaded});
           }});
}

Result<std::string> MetaHandshake::answer(const http::Request& request) const {
  const auto mode = request.query_parameter("hub.mode");
  const auto token = request.query_parameter("hub.verify_token");
  auto challenge = request.query_parameter("hub.challenge");
  if (!mode || !token || !challenge || *mode != "subscribe") {
    return fail(Errc::bad_request,
                "This is where Meta proves a subscription: hub.mode, hub.verify_token, hub.challenge.");
  }
  const bool right = crypto::equal_in_constant_time(crypto::sha256(*token), crypto::sha256(token_.reveal()));
  if (token_.empty() || !right) return fail(Errc::forbidden, "The verify token is not the one that was set here.");
  const auto visible = [](char c) { return c > ' ' && c < 0x7f; };
  if (challenge->size() > kLongestChallenge || !std::ranges::all_of(*challenge, visible)) {
    return fail(Errc::bad_request, "hub.challenge is no challenge of Meta's.");
  }
  return *std::move(challenge);
}

void add_handshake_endpoint(http::Router& router, std::string path, MetaHandshake handshake) {
  router.add({.method = Method::get,
              .path = std::move(path),
              .access = {},
              .run = [handshake = std::move(handshake)](const http::Request& request,
                                                        const Caller& caller) -> Task<http::Response> {
                auto challenge = handshake.answer(request);
                if (!challenge) {
                  return http::answer_with(http::problem_response(challenge.error(), caller.request_id));
                }
                return http::answer_with({.status = 200, .content_type = "text/plain", .body = *std::move(challenge)});
              },
              .describe =
                  [](schema::Components&) {
                    return described("Meta's handshake", "Gives the challenge back to whoever knows the verify token.",
                                     {Errc::bad_request, Errc::forbidden});
                  }});
}

}  // namespace kriya::messaging
