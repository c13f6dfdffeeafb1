#include "messaging/message_store.h"

#include <algorithm>

namespace kriya::messaging {
namespace {

using storage::optional_value;
using storage::Rows;
using storage::Statement;
using storage::Use;

#define KRIYA_MESSAGE_COLUMNS                                                                                         \
  "id, kind, provider, channel, phone_masked, status, provider_reference, provider_code, detail, cost, currency, "    \
  "segments, attempts, latency_ms, created_at, updated_at, requested_by, payload, channels_left, due_at, not_after, " \
  "version"

// An opt-out that commits before this is honoured; one that commits later finds the row (see withdraw).
constexpr Statement kInsertMessage{
    Use::write,
    "INSERT INTO messages (id, kind, requested_by, user_id, provider, channel, phone_masked, phone_hash, status, "
    "status_rank, segments, attempts, payload, channels_left, due_at, version, not_after, created_at, updated_at) "
    "SELECT $1, $2, $3, $4, '', $5, $6, $7, 'queued', 0, $8, 0, $9, $10, $11, 0, $12, $13, $13 "
    "WHERE $14 = 1 OR NOT EXISTS (SELECT 1 FROM opt_outs WHERE phone_hash = $7)"};

// What an earlier hand-over came to is not what this one, perhaps another provider's, will say.
constexpr Statement kClaim{
    Use::write,
    "UPDATE messages SET status = 'sending', status_rank = 1, provider = $3, provider_code = NULL, detail = NULL, "
    "segments = $4, claimed_by = $5, due_at = $6, attempts = attempts + 1, updated_at = $7, version = version + 1 "
    "WHERE id = $1 AND version = $2 AND status = 'queued' AND (kind = 'code' OR NOT EXISTS "
    "(SELECT 1 FROM opt_outs WHERE phone_hash = messages.phone_hash)) RETURNING " KRIYA_MESSAGE_COLUMNS};
constexpr Statement kEndOptedOut{
    Use::write,
    "UPDATE messages SET status = 'failed', status_rank = 6, payload = NULL, due_at = NULL, "
    "detail = 'The recipient has opted out.', updated_at = $3, version = version + 1 "
    "WHERE id = $1 AND version = $2 AND status = 'queued' AND kind <> 'code' AND EXISTS "
    "(SELECT 1 FROM opt_outs WHERE phone_hash = messages.phone_hash) RETURNING " KRIYA_MESSAGE_COLUMNS};

constexpr Statement kTakeBack{Use::write,
                              "UPDATE messages SET status = 'failed', status_rank = 6, payload = NULL, due_at = NULL, "
                              "updated_at = $2, version = version + 1 "
                              "WHERE id = $1 AND status = 'queued' AND version = 0"};

// First what it comes to, unless somebody has said more meanwhile; then what only this hand-over knows. The reference
// of an earlier one goes; one that a receipt has told meanwhile stays.
constexpr Statement kSettleStatus{
    Use::write,
    "UPDATE messages SET status = $3, status_rank = $4, channel = $5, channels_left = $6, due_at = $7, "
    "payload = CASE WHEN $8 = 1 THEN payload END, provider_code = COALESCE($9, provider_code), "
    "detail = COALESCE($10, detail), attempts = attempts - $11 "
    "WHERE id = $1 AND claimed_by = $2 AND (status = 'sending' OR status_rank < $4)"};
constexpr Statement kSettleAnswer{
    Use::write,
    "UPDATE messages SET provider_reference = COALESCE($3, NULLIF(provider_reference, $6)), latency_ms = $4, "
    "claimed_by = NULL, updated_at = $5, version = version + 1 WHERE id = $1 AND claimed_by = $2 "
    "RETURNING " KRIYA_MESSAGE_COLUMNS};

constexpr Statement kMove{
    Use::write,
    "UPDATE messages SET status = $3, status_rank = $4, channel = $5, channels_left = $6, due_at = $7, "
    "payload = CASE WHEN $8 = 1 THEN payload END, provider_code = COALESCE($9, provider_code), "
    "detail = COALESCE($10, detail), updated_at = $11, version = version + 1 "
    "WHERE id = $1 AND version = $2 RETURNING " KRIYA_MESSAGE_COLUMNS};

constexpr Statement kMergeCost{Use::write,
                               "UPDATE messages SET cost = COALESCE($2, cost), currency = COALESCE($3, currency), "
                               "segments = COALESCE($4, segments) WHERE id = $1"};
constexpr Statement kMergeStatus{
    Use::write,
    "UPDATE messages SET status = $3, status_rank = $4, provider_code = COALESCE($5, provider_code), "
    "detail = CASE WHEN $10 = 1 THEN $6 ELSE COALESCE($6, detail) END, "
    "provider_reference = COALESCE(provider_reference, $7), "
    "payload = CASE WHEN $8 = 1 THEN NULL ELSE payload END, due_at = CASE WHEN $8 = 1 THEN NULL ELSE due_at END, "
    "updated_at = $9, version = version + 1 "
    "WHERE id = $1 AND version = $2 AND status_rank < $4 RETURNING " KRIYA_MESSAGE_COLUMNS};

constexpr Statement kDue{Use::lookup, "SELECT " KRIYA_MESSAGE_COLUMNS
                                      " FROM messages WHERE due_at IS NOT NULL AND due_at <= $1 "
                                      "ORDER BY CASE WHEN status = 'queued' THEN 0 ELSE 1 END, due_at LIMIT $2"};
constexpr Statement kFind{Use::lookup, "SELECT " KRIYA_MESSAGE_COLUMNS " FROM messages WHERE id = $1"};
constexpr Statement kFindByReference{
    Use::lookup, "SELECT " KRIYA_MESSAGE_COLUMNS
                 " FROM messages WHERE provider = $1 AND provider_reference = $2 ORDER BY id DESC LIMIT 1"};
constexpr Statement kWithdraw{Use::write,
                              "UPDATE messages SET status = 'failed', status_rank = 6, payload = NULL, due_at = NULL, "
                              "detail = 'The recipient has opted out.', updated_at = $2, version = version + 1 "
                              "WHERE phone_hash = $1 AND status = 'queued' AND kind <> 'code'"};

// One text for each index that a page can come from.
#define KRIYA_MESSAGE_PAGE(condition)                                                                   \
  "SELECT " KRIYA_MESSAGE_COLUMNS " FROM messages WHERE id < $1 AND ($2 = '' OR status = $2)" condition \
  " ORDER BY id DESC LIMIT $3"
constexpr Statement kPageOfAll{Use::scan, KRIYA_MESSAGE_PAGE("")};
constexpr Statement kPageOfPhone{Use::scan, KRIYA_MESSAGE_PAGE(" AND phone_hash = $4")};
constexpr Statement kPageOfRequester{Use::scan, KRIYA_MESSAGE_PAGE(" AND requested_by = $4")};
constexpr Statement kPageOfBoth{Use::scan, KRIYA_MESSAGE_PAGE(" AND phone_hash = $4 AND requested_by = $5")};

constexpr Statement kOfUser{Use::scan, "SELECT " KRIYA_MESSAGE_COLUMNS " FROM messages WHERE user_id = $1 ORDER BY id"};
constexpr Statement kForgetUser{Use::write, "UPDATE messages SET user_id = NULL WHERE user_id = $1"};
constexpr Statement kForgetRequester{Use::write,
                                     "UPDATE messages SET requested_by = 'user:deleted' WHERE requested_by = $1"};

std::string words_of(const std::vector<Channel>& channels) {
  std::string words;
  for (const Channel channel : channels) words += (words.empty() ? "" : ",") + std::string(schema::word_of(channel));
  return words;
}

std::vector<Channel> channels_in(std::string_view words) {
  std::vector<Channel> channels;
  while (!words.empty()) {
    const std::size_t comma = std::min(words.find(','), words.size());
    if (const auto channel = schema::parse_word<Channel>(words.substr(0, comma))) channels.push_back(*channel);
    words.remove_prefix(std::min(comma + 1, words.size()));
  }
  return channels;
}

StoredMessage message_at(const Rows& rows, std::size_t row) {
  using Text = std::optional<std::string>;
  return {.record = {.id = rows.get<Uuid>(row, 0),
                     .kind = rows.get<std::string>(row, 1),
                     .provider = rows.get<std::string>(row, 2),
                     .channel = schema::parse_word<Channel>(rows.get<std::string>(row, 3)).value(),
                     .phone_number = rows.get<std::string>(row, 4),
                     .status = schema::parse_word<Status>(rows.get<std::string>(row, 5)).value(),
                     .provider_reference = rows.get<Text>(row, 6),
                     .provider_code = rows.get<Text>(row, 7),
                     .detail = rows.get<Text>(row, 8),
                     .cost = rows.get<Text>(row, 9),
                     .currency = rows.get<Text>(row, 10),
                     .segments = rows.get<std::int64_t>(row, 11),
                     .attempts = rows.get<std::int64_t>(row, 12),
                     .latency_ms = rows.get<std::optional<std::int64_t>>(row, 13),
                     .created_at = rows.get<Timestamp>(row, 14),
                     .updated_at = rows.get<Timestamp>(row, 15)},
          .requested_by = rows.get<std::string>(row, 16),
          .payload = rows.get<Text>(row, 17),
          .channels_left = channels_in(rows.get<std::string>(row, 18)),
          .due_at = rows.get<std::optional<Timestamp>>(row, 19),
          .not_after = rows.get<std::optional<Timestamp>>(row, 20),
          .version = rows.get<std::int64_t>(row, 21)};
}

std::optional<StoredMessage> first_of(const Rows& rows) {
  if (rows.empty()) return std::nullopt;
  return message_at(rows, 0);
}

Result<std::vector<StoredMessage>> all_of(const Result<Rows>& rows) {
  if (!rows) return fail(rows.error());
  std::vector<StoredMessage> messages;
  for (std::size_t i = 0; i < rows->size(); ++i) messages.push_back(message_at(*rows, i));
  return messages;
}

storage::Value value_unless_empty(std::string text) { return text.empty() ? storage::Value() : std::move(text); }

std::string word(Status status) { return std::string(schema::word_of(status)); }

/// Before the place where a statement's own values go on: what a move makes of a row, from its $3 on.
void append_move(std::vector<storage::Value>& values, const Move& move) {
  values.insert(values.end(),
                {word(move.status), rank_of(move.status), std::string(schema::word_of(move.channel)),
                 words_of(move.channels_left), optional_value(move.due_at), std::int64_t{move.keep_payload ? 1 : 0},
                 optional_value(move.code), optional_value(move.detail)});
}

}  // namespace

std::vector<storage::BoundStatement> forget_user_in_messages(Uuid user_id) {
  std::vector<storage::BoundStatement> both;
  both.push_back({kForgetUser, {user_id}});
  both.push_back({kForgetRequester, {"user:" + user_id.str()}});
  return both;
}

std::int64_t rank_of(Status status) { return static_cast<std::int64_t>(status); }

bool is_final(Status status) { return rank_of(status) >= rank_of(Status::expired); }

Task<Result<bool>> MessageStore::add(StoredMessage message, std::optional<Uuid> user_id, std::string phone_hash,
                                     bool despite_opt_out, Deadline deadline) {
  MessageRecord& record = message.record;
  const auto rows = co_await database_.run(
      kInsertMessage,
      {record.id, std::move(record.kind), std::move(message.requested_by), optional_value(user_id),
       std::string(schema::word_of(record.channel)), std::move(record.phone_number), std::move(phone_hash),
       record.segments, optional_value(message.payload), words_of(message.channels_left),
       optional_value(message.due_at), optional_value(message.not_after), record.created_at,
       std::int64_t{despite_opt_out ? 1 : 0}},
      deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->affected() > 0;
}

Task<Result<bool>> MessageStore::take_back(Uuid id, Timestamp now, Deadline deadline) {
  const auto rows = co_await database_.run(kTakeBack, {id, now}, deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->affected() > 0;
}

Task<Result<std::optional<StoredMessage>>> MessageStore::claim(Uuid id, std::int64_t version, Claim claim,
                                                               Timestamp now, Deadline deadline) {
  const auto rows = co_await database_.run(
      kClaim, {id, version, std::move(claim.provider), claim.segments, std::move(claim.by), claim.until, now},
      deadline);
  co_return rows.map(first_of);
}

Task<Result<std::optional<StoredMessage>>> MessageStore::end_if_opted_out(Uuid id, std::int64_t version, Timestamp now,
                                                                          Deadline deadline) {
  const auto rows = co_await database_.run(kEndOptedOut, {id, version, now}, deadline);
  co_return rows.map(first_of);
}

Task<Result<std::optional<StoredMessage>>> MessageStore::settle(Uuid id, std::string by, Move move, Answered answered,
                                                                Timestamp now, Deadline deadline) {
  std::vector<storage::Value> status{id, by};
  append_move(status, move);
  status.emplace_back(std::int64_t{move.counts ? 0 : 1});
  std::vector<storage::BoundStatement> both;
  both.push_back({kSettleStatus, std::move(status)});
  both.push_back({kSettleAnswer,
                  {id, std::move(by), value_unless_empty(std::move(answered.reference)), answered.latency_ms, now,
                   optional_value(answered.earlier_reference)}});
  const auto rows = co_await database_.transact(std::move(both), deadline);
  if (!rows) co_return fail(rows.error());
  co_return first_of(rows->back());
}

Task<Result<std::optional<StoredMessage>>> MessageStore::move(Uuid id, std::int64_t version, Move move, Timestamp now,
                                                              Deadline deadline) {
  std::vector<storage::Value> values{id, version};
  append_move(values, move);
  values.emplace_back(now);
  const auto rows = co_await database_.run(kMove, std::move(values), deadline);
  co_return rows.map(first_of);
}

Task<Result<std::optional<StoredMessage>>> MessageStore::merge(Uuid id, std::int64_t version, StatusReport report,
                                                               Timestamp now, Deadline deadline) {
  std::vector<storage::BoundStatement> both;
  both.push_back({kMergeCost,
                  {id, optional_value(report.cost), optional_value(report.currency), optional_value(report.segments)}});
  const std::int64_t has_code = report.code.empty() ? 0 : 1;  // old words do not explain a new code
  both.push_back({kMergeStatus,
                  {id, version, word(report.status), rank_of(report.status), value_unless_empty(std::move(report.code)),
                   value_unless_empty(std::move(report.detail)), value_unless_empty(std::move(report.reference)),
                   std::int64_t{is_final(report.status) ? 1 : 0}, now, has_code}});
  const auto rows = co_await database_.transact(std::move(both), deadline);
  if (!rows) co_return fail(rows.error());
  co_return first_of(rows->back());
}

Task<Result<std::vector<StoredMessage>>> MessageStore::due(Timestamp now, std::int64_t limit, Deadline deadline) {
  co_return all_of(co_await database_.run(kDue, {now, limit}, deadline));
}

Task<Result<std::optional<StoredMessage>>> MessageStore::find(Uuid id, Deadline deadline) {
  const auto rows = co_await database_.run(kFind, {id}, deadline);
  co_return rows.map(first_of);
}

Task<Result<std::optional<StoredMessage>>> MessageStore::find_by_reference(std::string provider, std::string reference,
                                                                           Deadline deadline) {
  const auto rows = co_await database_.run(kFindByReference, {std::move(provider), std::move(reference)}, deadline);
  co_return rows.map(first_of);
}

Task<Result<std::vector<StoredMessage>>> MessageStore::list(MessageFilter filter, Deadline deadline) {
  std::array<std::uint8_t, 16> last{};
  last.fill(0xff);
  std::vector<storage::Value> values{filter.before.value_or(Uuid::from_bytes(last)),
                                     filter.status ? word(*filter.status) : std::string(), filter.limit};
  if (filter.phone_hash) values.emplace_back(*filter.phone_hash);
  if (filter.requested_by) values.emplace_back(*filter.requested_by);
  const Statement& page = filter.phone_hash ? (filter.requested_by ? kPageOfBoth : kPageOfPhone)
                                            : (filter.requested_by ? kPageOfRequester : kPageOfAll);
  co_return all_of(co_await database_.run(page, std::move(values), deadline));
}

Task<Result<std::vector<StoredMessage>>> MessageStore::of_user(Uuid user_id, Deadline deadline) {
  co_return all_of(co_await database_.run(kOfUser, {user_id}, deadline));
}

Task<Result<std::int64_t>> MessageStore::withdraw(std::string phone_hash, Timestamp now, Deadline deadline) {
  const auto rows = co_await database_.run(kWithdraw, {std::move(phone_hash), now}, deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->affected();
}

}  // namespace kriya::messaging
