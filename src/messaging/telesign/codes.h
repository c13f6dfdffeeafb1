// What Telesign's numbers mean: statuses of SMS, calls and omnichannel messages, and errors, which share one space.
#pragma once

#include <cstdint>
#include <optional>

#include "messaging/message.h"

namespace kriya::messaging::telesign {

/// What a code says about a message: how far it came or why it will not.
struct Meaning {
  Status status = Status::unknown;
  bool retryable = false;      // of a failed one: it may pass later
  bool elsewhere = false;      // of a failed one: another channel may not have this trouble
  bool provider_down = false;  // of a failed one: not this message's fault
};

/// The status of a question about a number that was answered in full.
constexpr std::int64_t kAnsweredInFull = 300;

/// Nullopt for a code that no document knows.
std::optional<Meaning> meaning_of(std::int64_t code);

/// The answer of HTTP 429 to one of these: over the rate, nothing was sent. (-40007 means something else with a 400.)
bool is_rate_limit(std::int64_t code);

/// The provider no longer knows the transaction: its reference has expired, or never was one.
bool is_unknown_reference(std::int64_t code);

/// The account's fault, not the question's: authentication, suspension, products that are off, an empty wallet, caps.
bool is_account_problem(std::int64_t code);

}  // namespace kriya::messaging::telesign
