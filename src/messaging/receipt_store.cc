#include "messaging/receipt_store.h"

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/random.h"

namespace kriya::messaging {
namespace {

using storage::optional_value;
using storage::Rows;
using storage::Statement;
using storage::Use;

constexpr Statement kInsertReceipt{
    Use::write,
    "INSERT INTO receipts (id, provider, reference, status, code, detail, retryable, cost, currency, segments, "
    "received_at, message_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING"};
constexpr Statement kOfReference{
    Use::lookup,
    "SELECT reference, message_id, status, code, detail, retryable, cost, currency, segments FROM receipts "
    "WHERE provider = $1 AND reference = $2 AND status <> 'inbound' ORDER BY received_at, id"};
constexpr Statement kOptOut{
    Use::write,
    "INSERT INTO opt_outs (phone_hash, phone_masked, keyword, at) SELECT $1, $2, $3, $4 "
    "WHERE NOT EXISTS (SELECT 1 FROM receipts WHERE id = $5) ON CONFLICT (phone_hash) DO NOTHING"};
constexpr Statement kOptIn{
    Use::write, "DELETE FROM opt_outs WHERE phone_hash = $1 AND NOT EXISTS (SELECT 1 FROM receipts WHERE id = $2)"};
constexpr Statement kInbound{
    Use::write,
    "INSERT INTO receipts (id, provider, reference, status, code, detail, retryable, received_at) "
    "VALUES ($1, $2, $3, 'inbound', $4, '', 0, $5) ON CONFLICT (id) DO NOTHING"};
constexpr Statement kSweep{Use::write,
                           "DELETE FROM receipts WHERE id IN (SELECT id FROM receipts WHERE received_at < $1 AND "
                           "status <> 'inbound' LIMIT $2)"};
constexpr Statement kHasOptedOut{Use::lookup, "SELECT phone_hash FROM opt_outs WHERE phone_hash = $1"};

/// A hash of what makes a receipt this one. The lengths keep two different ones from reading alike.
std::string identity_of(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += std::to_string(part.size()) + ":" + std::string(part);
  return hex_encode(crypto::sha256(text));
}

StatusReport report_at(const Rows& rows, std::size_t row) {
  return {.reference = rows.get<std::string>(row, 0),
          .message_id = rows.get<std::optional<Uuid>>(row, 1),
          .status = schema::parse_word<Status>(rows.get<std::string>(row, 2)).value(),
          .code = rows.get<std::string>(row, 3),
          .detail = rows.get<std::string>(row, 4),
          .retryable = rows.get<std::int64_t>(row, 5) == 1,
          .cost = rows.get<std::optional<std::string>>(row, 6),
          .currency = rows.get<std::optional<std::string>>(row, 7),
          .segments = rows.get<std::optional<std::int64_t>>(row, 8),
          .at = {}};
}

storage::BoundStatement kept(const std::string& provider, StatusReport report, Timestamp now) {
  // Where there is a reference, an id may have travelled beside the signature, and must not make one word many.
  const std::string ours = report.reference.empty() && report.message_id ? report.message_id->str() : std::string();
  std::string id =
      identity_of({provider, report.reference, ours, schema::word_of(report.status), report.code, report.at});
  return {kInsertReceipt,
          {std::move(id), provider, std::move(report.reference), std::string(schema::word_of(report.status)),
           std::move(report.code), std::move(report.detail), std::int64_t{report.retryable ? 1 : 0},
           optional_value(report.cost), optional_value(report.currency), optional_value(report.segments), now,
           optional_value(report.message_id)}};
}

void add_wish(std::vector<storage::BoundStatement>& all, const std::string& provider, Wish wish, Timestamp now) {
  std::string id = wish.reference.empty()
                       ? crypto::random_token()
                       : identity_of({provider, wish.reference, "inbound", wish.phone_hash, wish.keyword});
  if (wish.in) {
    all.push_back({kOptIn, {std::move(wish.phone_hash), id}});
  } else {
    all.push_back({kOptOut, {std::move(wish.phone_hash), std::move(wish.phone_masked), wish.keyword, now, id}});
  }
  all.push_back({kInbound, {std::move(id), provider, std::move(wish.reference), std::move(wish.keyword), now}});
}

}  // namespace

Task<Result<std::int64_t>> ReceiptStore::keep(std::string provider, std::vector<StatusReport> reports,
                                              std::vector<Wish> wishes, Timestamp now, Deadline deadline) {
  std::vector<storage::BoundStatement> all;
  for (StatusReport& report : reports) all.push_back(kept(provider, std::move(report), now));
  for (Wish& wish : wishes) add_wish(all, provider, std::move(wish), now);
  if (all.empty()) co_return 0;
  const auto rows = co_await database_.transact(std::move(all), deadline);
  if (!rows) co_return fail(rows.error());
  std::int64_t kept_now = 0;
  for (std::size_t i = 0; i < reports.size(); ++i) kept_now += (*rows)[i].affected();
  co_return kept_now;
}

Task<Result<std::vector<StatusReport>>> ReceiptStore::of_reference(std::string provider, std::string reference,
                                                                   Deadline deadline) {
  const auto rows = co_await database_.run(kOfReference, {std::move(provider), std::move(reference)}, deadline);
  if (!rows) co_return fail(rows.error());
  std::vector<StatusReport> reports;
  for (std::size_t i = 0; i < rows->size(); ++i) reports.push_back(report_at(*rows, i));
  co_return reports;
}

Task<Result<std::int64_t>> ReceiptStore::sweep(Timestamp before, std::int64_t limit, Deadline deadline) {
  const auto rows = co_await database_.run(kSweep, {before, limit}, deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->affected();
}

Task<Result<bool>> ReceiptStore::has_opted_out(std::string phone_hash, Deadline deadline) {
  const auto rows = co_await database_.run(kHasOptedOut, {std::move(phone_hash)}, deadline);
  if (!rows) co_return fail(rows.error());
  co_return !rows->empty();
}

}  // namespace kriya::messaging
