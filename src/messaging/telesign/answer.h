// An answer of Telesign's REST API, read once: reference, code, words. And what it means for a message that was sent.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "http/client/client.h"
#include "messaging/fields.h"
#include "messaging/ports.h"

namespace kriya::messaging::telesign {

/// Why there is no answer.
struct NoAnswer {
  enum class Why {
    held_back,  // our own limit for the account: nothing was sent
    unsent,     // certain that nothing was sent
    lost,       // perhaps sent
  };
  Why why = Why::lost;
  std::string detail;
  std::chrono::milliseconds retry_after{};
};

/// What came back, whatever the HTTP status. Codes count more than that: Telesign asks for it.
struct Answer {
  int http_status = 0;
  json::value document;              // null when the body was no JSON object
  std::string reference;             // "" when there was none
  std::optional<std::int64_t> code;  // of the first error that is listed, else of the status
  std::string words;                 // the provider's, made safe to show
  std::chrono::milliseconds retry_after{};

  Fields fields() const { return Fields(&document); }
};

using Reply = tl::expected<Answer, NoAnswer>;

Answer read_answer(const http::client::Response& response);

/// What became of a message, from the answer to the request that sent it. Sent twice is worse than late: whatever may
/// have been sent is ambiguous.
SendOutcome outcome_of(const Reply& reply);

/// Why a question has no answer. `bad_request` when the provider refused it for what it asks, else `unavailable`.
Error error_of(const NoAnswer& none);
Error error_of(const Answer& refusal);

}  // namespace kriya::messaging::telesign
