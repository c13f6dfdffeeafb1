#include "verification/security_log.h"

#include "crypto/random.h"

namespace kriya::verification {
namespace {

using storage::Statement;
using storage::Use;

constexpr Statement kInsert{
    Use::write,
    "INSERT INTO security_events (id, at, kind, decision, phone_hash, phone_masked, user_id, client_address, detail) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
constexpr Statement kSweep{
    Use::write, "DELETE FROM security_events WHERE id IN (SELECT id FROM security_events WHERE at < $1 LIMIT $2)"};

constexpr Statement kForgetUser{Use::write, "UPDATE security_events SET user_id = NULL WHERE user_id = $1"};

}  // namespace

storage::BoundStatement forget_user_in_events(Uuid user_id) { return {kForgetUser, {user_id}}; }

Task<Result<void>> SecurityLog::record(SecurityEvent event, Deadline deadline) {
  const Timestamp now = clock_.now();
  const auto rows = co_await database_.run(
      kInsert,
      {crypto::new_uuid(now), now, std::move(event.kind), std::move(event.decision),
       storage::optional_value(event.phone_hash), storage::optional_value(event.phone_masked),
       storage::optional_value(event.user_id), std::move(event.client_address), write_json(event.detail)},
      deadline);
  if (!rows) co_return fail(rows.error());
  co_return Result<void>();
}

Task<Result<std::int64_t>> SecurityLog::sweep(Timestamp before, std::int64_t limit, Deadline deadline) {
  const auto rows = co_await database_.run(kSweep, {before, limit}, deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->affected();
}

}  // namespace kriya::verification
