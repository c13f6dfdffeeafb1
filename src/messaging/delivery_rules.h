// What becomes of a message after each word about it: the rules of the outbox, without a database or a provider.
#pragma once

#include <chrono>
#include <optional>

#include "messaging/message_store.h"
#include "messaging/ports.h"

namespace kriya::messaging {

/// After these a message goes on to its next channel, or has failed; unless it only waits its turn at a rate limit and
/// has no other channel, which it does as long as it is worth sending.
constexpr std::int64_t kMaxAttempts = 3;

/// How long a hand-over may take, and how long after that it counts as under way: then its process is gone.
constexpr std::chrono::seconds kHandOverPatience{20};
constexpr std::chrono::seconds kHandOverLost{60};

/// What must be left of a caller's time for a hand-over; with less the message is left to Delivery.
constexpr std::chrono::seconds kLeastHandOver{5};

/// How far the process that wrote a message is ahead of all others with sending it.
constexpr std::chrono::seconds kHeadStart{10};

/// How long a message is worth sending whose sender has not said.
constexpr std::chrono::hours kLongestLife{24};

/// When the number and the content of a message are erased that nobody has heard of again.
constexpr std::chrono::hours kKeepPayload{48};

/// Providers forget what they were asked about (Telesign's messaging after 12 hours).
constexpr std::chrono::hours kPollFor{12};

bool worth_sending(const StoredMessage& message, Timestamp now);

/// After a hand-over of `message`, which counts it. `luck`: 0 to 1, spreads the retries of many messages out.
/// `can_poll`: the provider may be asked later.
Move after_hand_over(const StoredMessage& message, const SendOutcome& outcome, Timestamp now, double luck,
                     bool can_poll);

/// To its next channel if there is one, else it has failed. It is due at once.
Move give_up_channel(const StoredMessage& message, Timestamp now);

/// What to do about a provider's later word: nothing, merge it into the status, or let the next channel try.
enum class Word { stale, news, fall_over };
Word judge(const StoredMessage& message, std::string_view provider, const StatusReport& report, Timestamp now);

/// When somebody must look again at a message that was handed over: to ask its provider, to erase its payload; or
/// never.
std::optional<Timestamp> next_look(const StoredMessage& message, Status status, Timestamp now, bool can_poll);

}  // namespace kriya::messaging
