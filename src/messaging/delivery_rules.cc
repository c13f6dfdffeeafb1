#include "messaging/delivery_rules.h"

#include <algorithm>

namespace kriya::messaging {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr seconds kFirstPause{2};
constexpr seconds kLongestPause{300};
constexpr seconds kFirstPoll{15};  // a receipt usually comes sooner, and costs nothing of the provider's rate
constexpr seconds kSlowestPoll{3600};

/// Exponential back-off with full jitter, and never sooner than the provider said.
Timestamp next_try(std::int64_t attempts, const SendOutcome& outcome, Timestamp now, double luck) {
  const microseconds pause =
      std::min<microseconds>(kFirstPause * (1LL << std::clamp<std::int64_t>(attempts - 1, 0, 16)), kLongestPause);
  const microseconds spread(static_cast<std::int64_t>(static_cast<double>(pause.count()) * luck));
  return now + std::max<microseconds>(spread, outcome.retry_after);
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

/// The message stays with its channel.
Move staying(const StoredMessage& message, Status status, std::optional<Timestamp> due_at) {
  // Only another channel could need what it says; without one it goes now.
  return {.status = status,
          .channel = message.record.channel,
          .channels_left = message.channels_left,
          .due_at = due_at,
          .keep_payload = status == Status::queued || (!is_final(status) && !message.channels_left.empty())};
}

/// Whether nothing is wrong but the time: our own rate limit or the provider's, or it has said when to come again.
bool waits_its_turn(const SendOutcome& outcome) {
  return outcome.retryable && (!outcome.asked || outcome.over_rate || outcome.retry_after.count() > 0);
}

Move after_rejection(const StoredMessage& message, const SendOutcome& outcome, Timestamp now, double luck) {
  const std::int64_t attempts = message.record.attempts - (outcome.asked ? 0 : 1);  // its claim has counted it
  // What waits its turn is tried until its time is over; but another channel may be faster.
  const bool patient = waits_its_turn(outcome) && message.channels_left.empty();
  if (outcome.retryable && (patient || attempts < kMaxAttempts)) {
    const Timestamp at = next_try(attempts, outcome, now, luck);
    if (worth_sending(message, at)) return staying(message, Status::queued, at);
  }
  return give_up_channel(message, now);
}

bool handed_over(Status status) {
  return status == Status::unknown || status == Status::accepted || status == Status::sent;
}

/// Whether a word with this reference is about the last hand-over and no earlier one. Until that one's own reference is
/// known nobody can tell, unless there was no other.
bool is_about_last_hand_over(const MessageRecord& record, std::string_view provider, const std::string& reference) {
  if (record.provider != provider || record.status == Status::queued) return false;
  const bool first = record.attempts <= 1;
  if (!record.provider_reference) return first;
  // While a hand-over is under way the reference is that of the one before, or a receipt has told the first one's.
  if (record.status == Status::sending && !first) return false;
  return *record.provider_reference == reference;
}

}  // namespace

bool worth_sending(const StoredMessage& message, Timestamp now) {
  return !message.not_after || now < *message.not_after;
}

Move after_hand_over(const StoredMessage& message, const SendOutcome& outcome, Timestamp now, double luck,
                     bool can_poll) {
  Move move;
  if (outcome.kind == SendOutcome::Kind::rejected) {
    move = after_rejection(message, outcome, now, luck);
  } else {
    const bool accepted = outcome.kind == SendOutcome::Kind::accepted;
    const Status status = accepted ? std::max(outcome.status, Status::accepted) : Status::unknown;
    StoredMessage handed = message;
    if (outcome.sends_sms_itself) std::erase(handed.channels_left, Channel::sms);  // or there would be two
    move = staying(handed, status, next_look(handed, status, now, can_poll));
  }
  move.code = unless_empty(outcome.code);
  move.detail = unless_empty(outcome.detail);
  move.counts = outcome.asked;
  return move;
}

Move give_up_channel(const StoredMessage& message, Timestamp now) {
  if (message.channels_left.empty() || !message.payload || !worth_sending(message, now)) {
    return {.status = Status::failed, .channel = message.record.channel};
  }
  return {.status = Status::queued,
          .channel = message.channels_left.front(),
          .channels_left = {message.channels_left.begin() + 1, message.channels_left.end()},
          .due_at = now,
          .keep_payload = true};
}

Word judge(const StoredMessage& message, std::string_view provider, const StatusReport& report, Timestamp now) {
  const MessageRecord& record = message.record;
  if (rank_of(report.status) <= rank_of(record.status)) return Word::stale;
  // That it arrived is true of the message, whichever hand-over it was.
  if (report.status == Status::delivered || report.status == Status::read) return Word::news;
  // Anything else is about one hand-over: a late word on an earlier one must not end what a later one has begun.
  if (!is_about_last_hand_over(record, provider, report.reference)) return Word::stale;
  if (report.status == Status::failed && report.retryable && handed_over(record.status) &&
      give_up_channel(message, now).status == Status::queued) {
    return Word::fall_over;
  }
  return Word::news;
}

std::optional<Timestamp> next_look(const StoredMessage& message, Status status, Timestamp now, bool can_poll) {
  if (!handed_over(status)) return std::nullopt;
  const Timestamp created = message.record.created_at;
  if (can_poll && status != Status::sent && now < created + kPollFor) {
    return now + std::clamp<microseconds>(microseconds(now.micros - created.micros), kFirstPoll, kSlowestPoll);
  }
  if (message.channels_left.empty()) return std::nullopt;
  return created + kKeepPayload;
}

}  // namespace kriya::messaging
