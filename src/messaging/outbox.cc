#include "messaging/outbox.h"

#include <algorithm>
#include <cstring>

#include "crypto/random.h"
#include "messaging/provider_words.h"
#include "messaging/sms_segments.h"

namespace kriya::messaging {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Writing down what has happened is worth more time than the request that asked for it has left.
constexpr seconds kWritePatience{10};
constexpr seconds kAllDown{15};          // until it is tried again when every provider is known to be down
constexpr seconds kTakeBackPatience{3};  // somebody waits for the answer that nothing is sent
constexpr int kMergeTries = 5;

bool has_time_for_a_hand_over(Deadline deadline) {
  return !deadline.passed_at(Deadline::Steady::now() + kLeastHandOver);
}

/// Of a hand-over that has been claimed: it cannot be put back, so it has its time even if the claim took the caller's,
/// and goes on when the caller is gone.
Deadline to_hand_over(Deadline deadline) {
  const Deadline time = deadline.unstoppable();
  return has_time_for_a_hand_over(time) ? time.within(kHandOverPatience) : Deadline::after(kLeastHandOver);
}

Deadline to_write() { return Deadline::after(kWritePatience); }

double random_luck() {
  std::uint32_t number = 0;
  std::memcpy(&number, crypto::random_bytes(sizeof number).data(), sizeof number);
  return static_cast<double>(number) / 4294967295.0;
}

/// What a message costs as SMS; nothing on other channels.
std::int64_t segments_of(Channel channel, const Content& content) {
  if (channel != Channel::sms) return 0;
  if (content.code) return sms_size(content.code->text).segments;
  return content.text ? sms_size(*content.text).segments : 0;
}

/// What an SMS says that may go out instead of the message on its first channel.
std::optional<std::string> words_by_sms_instead(const StoredMessage& message, const Payload& payload) {
  if (payload.first == Channel::sms || message.record.channel != payload.first) return std::nullopt;
  if (payload.fallback) return payload.fallback->text;
  const bool sms_is_left = std::ranges::find(message.channels_left, Channel::sms) != message.channels_left.end();
  return sms_is_left ? payload.content.text : std::nullopt;
}

}  // namespace

Outbox::Outbox(Parts parts)
    : parts_(std::move(parts)),
      store_(parts_.database),
      receipts_(parts_.database),
      seal_(parts_.master),
      phone_hash_(parts_.master),
      senders_(parts_.senders) {
  if (!parts_.luck) parts_.luck = random_luck;
}

bool Outbox::carries(Channel channel, const Content& content) const { return senders_.carries(channel, content); }

Task<Result<MessageRecord>> Outbox::send(NewMessage message, Deadline deadline) {
  std::vector<Channel> channels;
  for (const Channel channel : message.channels) {
    const bool first = channel == message.channels.front();
    if (carries(channel, first || !message.fallback ? message.content : *message.fallback)) channels.push_back(channel);
  }
  if (channels.empty()) co_return fail(Errc::verification_unavailable, "No provider carries such a message.");
  StoredMessage row = row_of(message, std::move(channels));
  const auto added =
      co_await store_.add(row, message.user_id, phone_hash_.of(message.to), message.content.code.has_value(), deadline);
  if (!added) {
    co_await take_back(row.record.id, added.error());
    co_return fail(added.error());
  }
  if (!*added) co_return fail(Errc::opted_out, "The recipient asked not to be written to.");
  row = co_await carry(std::move(row), deadline);
  co_return std::move(row.record);
}

/// The row may be there although writing it down has failed: a database server may have gone away after the commit. It
/// must not be sent to a caller who was told that it is not and asks again.
Task<void> Outbox::take_back(Uuid id, Error why) {
  if (why.code == Errc::overloaded) co_return;  // the database was not asked
  const auto taken = co_await store_.take_back(id, parts_.clock.now(), Deadline::after(kTakeBackPatience));
  if (taken) co_return;
  parts_.log.warning("a message that was refused may be sent after all, if its row was written",
                     {{"message", id.str()}, {"cause", taken.error().detail}});
}

StoredMessage Outbox::row_of(const NewMessage& message, std::vector<Channel> channels) const {
  const Timestamp now = parts_.clock.now();
  const Payload payload{.to = message.to,
                        .first = message.channels.front(),
                        .content = message.content,
                        .fallback = message.fallback,
                        .purpose = message.purpose,
                        .client_address = message.client_address};
  const Uuid id = crypto::new_uuid(now);
  const Channel channel = channels.front();
  return {.record = {.id = id,
                     .kind = message.kind,
                     .provider = {},
                     .channel = channel,
                     .phone_number = message.to.masked(),
                     .status = Status::queued,
                     .provider_reference = {},
                     .provider_code = {},
                     .detail = {},
                     .cost = {},
                     .currency = {},
                     .segments = segments_of(channel, payload.content_for(channel)),
                     .attempts = 0,
                     .latency_ms = {},
                     .created_at = now,
                     .updated_at = now},
          .requested_by = message.requested_by,
          .payload = seal_.close(payload, id),
          .channels_left = {channels.begin() + 1, channels.end()},
          .due_at = now + kHeadStart,
          .not_after = message.not_after.value_or(now + kLongestLife),
          .version = 0};
}

bool Outbox::can_poll(const std::string& provider, bool has_reference) const {
  return has_reference && parts_.pollers.contains(provider);
}

/// Sends a queued message as far as it goes now: over to its next channel at once, to a later try never.
Task<StoredMessage> Outbox::carry(StoredMessage message, Deadline deadline) {
  while (message.record.status == Status::queued) {
    const Timestamp now = parts_.clock.now();
    if (!has_time_for_a_hand_over(deadline)) co_return co_await left_to_delivery(std::move(message), now);
    if (!worth_sending(message, now)) {
      co_return co_await ended(std::move(message), Status::expired);
    }
    const auto payload = message.payload ? seal_.open(*message.payload, message.record.id)
                                         : Result<Payload>(fail(Errc::internal, "A queued message has no payload."));
    if (!payload) {
      parts_.log.error("a queued message cannot be read and has failed",
                       {{"message", message.record.id.str()}, {"cause", payload.error().detail}});
      co_return co_await ended(std::move(message), Status::failed);
    }
    const Channel channel = message.record.channel;
    const Content& content = payload->content_for(channel);
    MessageSender* sender = senders_.choose(channel, content, message.record.provider, now);
    // The settings were others when it was written, or everybody is down whom this channel has, but not the next.
    if (!carries(channel, content) || (sender == nullptr && !message.channels_left.empty())) {
      auto moved = co_await move(message, give_up_channel(message, now));
      if (!moved) co_return message;
      message = *std::move(moved);
      continue;
    }
    if (sender == nullptr) {
      auto moved = co_await move(message, {.status = Status::queued,
                                           .channel = channel,
                                           .channels_left = message.channels_left,
                                           .due_at = now + kAllDown,
                                           .keep_payload = true});
      co_return std::move(moved).value_or(message);
    }
    auto handed = co_await hand_over(message, *payload, *sender, deadline);
    if (!handed) co_return message;
    const bool next_channel = handed->record.channel != channel;
    message = *std::move(handed);
    if (!next_channel) break;
  }
  co_return message;
}

/// Still queued, and due now: whoever asked has too little time left to wait for a provider.
Task<StoredMessage> Outbox::left_to_delivery(StoredMessage message, Timestamp now) {
  if (message.due_at && *message.due_at <= now) co_return message;
  auto moved = co_await move(message, {.status = Status::queued,
                                       .channel = message.record.channel,
                                       .channels_left = message.channels_left,
                                       .due_at = now,
                                       .keep_payload = true});
  co_return std::move(moved).value_or(message);
}

/// Empty when somebody else has the message, or when the database is away; then nothing is known to have changed.
Task<std::optional<StoredMessage>> Outbox::hand_over(StoredMessage message, const Payload& payload,
                                                     MessageSender& sender, Deadline deadline) {
  const Channel channel = message.record.channel;
  const Content& content = payload.content_for(channel);
  const std::string provider(sender.provider());
  const std::string by = crypto::random_token();
  const auto claimed = co_await store_.claim(message.record.id, message.version,
                                             {.by = by,
                                              .provider = provider,
                                              .segments = segments_of(channel, content),
                                              .until = parts_.clock.now() + kHandOverLost},
                                             parts_.clock.now(), deadline.within(kWritePatience));
  if (!claimed) co_return std::nullopt;
  if (!*claimed) co_return co_await end_if_opted_out(std::move(message));

  const auto start = std::chrono::steady_clock::now();
  const SendOutcome outcome = tamed(co_await sender.send({.id = message.record.id,
                                                          .to = payload.to,
                                                          .channel = channel,
                                                          .content = content,
                                                          .sms_instead = words_by_sms_instead(message, payload),
                                                          .purpose = payload.purpose,
                                                          .client_address = payload.client_address},
                                                         to_hand_over(deadline)));
  const auto took = std::chrono::steady_clock::now() - start;
  const Timestamp now = parts_.clock.now();
  senders_.note(sender, channel, outcome, now);
  parts_.metrics
      .histogram("kriya_message_provider_seconds", "How long providers of messages took to answer.",
                 {{"provider", provider}})
      .observe(std::chrono::duration<double>(took).count());

  Move next = after_hand_over(**claimed, outcome, now, parts_.luck(), can_poll(provider, !outcome.reference.empty()));
  const auto settled = co_await store_.settle(message.record.id, by, std::move(next),
                                              {.reference = outcome.reference,
                                               .earlier_reference = message.record.provider_reference,
                                               .latency_ms = std::chrono::duration_cast<milliseconds>(took).count()},
                                              now, to_write());
  if (!settled) {
    parts_.log.warning("what became of a message could not be written down; it will be called unknown",
                       {{"message", message.record.id.str()}, {"cause", settled.error().detail}});
    co_return **claimed;
  }
  if (!*settled) co_return **claimed;
  count(**settled);
  if (!outcome.reference.empty()) co_await hear_what_came_early(provider, outcome.reference);
  co_return *settled;
}

/// Empty when somebody else has the message, or the database is away.
Task<std::optional<StoredMessage>> Outbox::end_if_opted_out(StoredMessage message) {
  auto done = co_await store_.end_if_opted_out(message.record.id, message.version, parts_.clock.now(), to_write());
  if (!done || !*done) co_return std::nullopt;
  count(**done);
  co_return *std::move(done);
}

/// Empty when it lost a race, or the database is away: then nothing has changed.
Task<std::optional<StoredMessage>> Outbox::move(StoredMessage message, Move move) {
  auto moved =
      co_await store_.move(message.record.id, message.version, std::move(move), parts_.clock.now(), to_write());
  if (!moved || !*moved) co_return std::nullopt;
  if ((*moved)->record.status != message.record.status) count(**moved);
  co_return *std::move(moved);
}

Task<StoredMessage> Outbox::ended(StoredMessage message, Status status) {
  auto moved = co_await move(message, {.status = status, .channel = message.record.channel});
  co_return std::move(moved).value_or(message);
}

/// A receipt may overtake the answer that tells its reference. It was kept, and both look for each other after they
/// have written, so that one of them finds the other.
Task<void> Outbox::hear_what_came_early(std::string provider, std::string reference) {
  auto reports = co_await receipts_.of_reference(provider, reference, to_write());
  if (!reports) co_return;
  for (StatusReport& report : *reports) (void)co_await hear(provider, std::move(report), to_write());
}

/// The reference comes first: our id may have travelled in an address, which no signature covers.
Task<Result<std::optional<StoredMessage>>> Outbox::message_of(const std::string& provider, const StatusReport& report,
                                                              Deadline deadline) {
  if (!report.reference.empty()) {
    auto found = co_await store_.find_by_reference(provider, report.reference, deadline);
    if (!found || *found || !report.message_id) co_return found;
  }
  if (!report.message_id) co_return std::nullopt;
  co_return co_await store_.find(*report.message_id, deadline);
}

Task<Result<bool>> Outbox::hear(std::string provider, StatusReport report, Deadline deadline) {
  for (int tries = 0; tries < kMergeTries; ++tries) {
    auto found = co_await message_of(provider, report, deadline);
    if (!found) co_return fail(found.error());
    if (!*found) co_return false;
    const StoredMessage& message = **found;
    const Timestamp now = parts_.clock.now();
    const Word word = judge(message, provider, report, now);
    if (word == Word::stale) co_return true;
    if (provider != message.record.provider) {  // code and words belong to the provider that the record names
      report.code.clear();
      report.detail.clear();
    }
    Move next = give_up_channel(message, now);
    if (!report.code.empty()) next.code = report.code;
    if (!report.detail.empty()) next.detail = report.detail;
    const auto changed = word == Word::fall_over
                             ? co_await store_.move(message.record.id, message.version, next, now, deadline)
                             : co_await store_.merge(message.record.id, message.version, report, now, deadline);
    if (!changed) co_return fail(changed.error());
    if (*changed) {
      count(**changed);
      co_return true;
    }
  }
  co_return fail(Errc::overloaded, "A message changes faster than its receipt can be merged.");
}

Task<bool> Outbox::take_up(StoredMessage message, Deadline deadline) {
  const MessageRecord& record = message.record;
  const std::int64_t version = message.version;
  switch (record.status) {
    case Status::queued:
      co_return (co_await carry(std::move(message), deadline)).version != version;
    case Status::sending:  // its process died, or could not write down what came of it
      co_return (co_await move(message, {.status = Status::unknown,
                                         .channel = record.channel,
                                         .channels_left = message.channels_left,
                                         .due_at = next_look(message, Status::unknown, parts_.clock.now(), false),
                                         .keep_payload = !message.channels_left.empty()}))
          .has_value();
    case Status::unknown:
    case Status::accepted:
    case Status::sent:
      co_return co_await poll(std::move(message), deadline);
    case Status::expired:
    case Status::failed:
    case Status::delivered:
    case Status::read:
      break;  // never due
  }
  co_return false;
}

Task<bool> Outbox::poll(StoredMessage message, Deadline deadline) {
  const MessageRecord& record = message.record;
  const Timestamp now = parts_.clock.now();
  const bool forget = now >= record.created_at + kKeepPayload;
  const bool pollable = can_poll(record.provider, record.provider_reference.has_value());
  Move later{.status = record.status, .channel = record.channel};
  if (!forget) {
    later.channels_left = message.channels_left;
    later.due_at = next_look(message, record.status, now, pollable);
    later.keep_payload = !message.channels_left.empty();
  }
  const auto moved = co_await store_.move(record.id, message.version, later, now, deadline);
  if (!moved || !*moved) co_return false;
  if (forget || !pollable || record.status == Status::sent) co_return true;
  if (senders_.rests(record.provider, record.channel, now)) co_return true;
  auto report = co_await parts_.pollers.find(record.provider)
                    ->second->poll(*record.provider_reference, record.channel, deadline.within(kHandOverPatience));
  if (!report) co_return true;  // it is asked again later, or a receipt comes
  StatusReport tame_report = tamed(*std::move(report));
  tame_report.message_id = record.id;
  if (tame_report.reference.empty()) tame_report.reference = *record.provider_reference;
  (void)co_await hear(record.provider, std::move(tame_report), deadline);
  co_return true;
}

void Outbox::count(const StoredMessage& message) {
  const MessageRecord& record = message.record;
  parts_.metrics
      .counter("kriya_messages_total", "Messages that came to a status, by provider and channel.",
               {{"provider", record.provider},
                {"channel", std::string(schema::word_of(record.channel))},
                {"status", std::string(schema::word_of(record.status))}})
      .add();
}

}  // namespace kriya::messaging
