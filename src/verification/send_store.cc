#include "verification/send_store.h"

namespace kriya::verification {
namespace {

using storage::BoundStatement;
using storage::Rows;
using storage::Statement;
using storage::Use;

constexpr std::int64_t kHoursOfAddress = 25;
constexpr std::int64_t kHoursOfCountry = 14 * 24;

constexpr Statement kLock{Use::write, "UPDATE locks SET touched_at = $1 WHERE name = 'code_sends'"};

// The rules of send_limits.h. The sends of everybody in a day are the tallies of its whole hours, and the rows of the
// hour in which it began.
constexpr Statement kReserve{Use::write, R"sql(
  INSERT INTO code_sends (id, phone_hash, address, country, challenge_id, hour, reserved_at)
  SELECT $1, $2, $3, $4, $5, $6, $7
  FROM (SELECT
      (SELECT count(*) FROM code_sends WHERE phone_hash = $2 AND returned_at IS NULL AND reserved_at > $8) AS in_hour,
      (SELECT count(*) FROM code_sends WHERE phone_hash = $2 AND returned_at IS NULL AND reserved_at > $9) AS in_day,
      (SELECT max(reserved_at) FROM code_sends WHERE phone_hash = $2 AND returned_at IS NULL) AS latest,
      (SELECT count(*) FROM code_sends WHERE address = $3 AND returned_at IS NULL AND reserved_at > $8) AS by_address,
      (SELECT COALESCE(sum(sent), 0) FROM code_send_tallies WHERE kind = 'all' AND subject = '' AND hour > $10)
        + (SELECT count(*) FROM code_sends WHERE reserved_at > $9 AND reserved_at < $11 AND returned_at IS NULL)
        AS by_all) AS seen
  WHERE in_hour < $12 AND in_day < $13 AND by_address < $14 AND by_all < $15
    AND (in_hour = 0 OR latest <= CASE in_hour WHEN 1 THEN $16 WHEN 2 THEN $17 WHEN 3 THEN $18 ELSE $19 END)
  ON CONFLICT (id) DO NOTHING)sql"};

constexpr Statement kTally{Use::write, R"sql(
  INSERT INTO code_send_tallies (id, kind, subject, hour, sent, verified)
  SELECT $1, $2, $3, $4, 1, 0 FROM code_sends WHERE id = $5
  ON CONFLICT (id) DO UPDATE SET sent = code_send_tallies.sent + 1)sql"};

constexpr Statement kOfPhone{
    Use::lookup,
    "SELECT reserved_at FROM code_sends WHERE phone_hash = $1 AND returned_at IS NULL AND reserved_at > $2 "
    "ORDER BY reserved_at DESC LIMIT $3"};
constexpr Statement kOfAddress{
    Use::lookup,
    "SELECT reserved_at FROM code_sends WHERE address = $1 AND returned_at IS NULL AND reserved_at > $2 "
    "ORDER BY reserved_at DESC LIMIT $3"};
constexpr Statement kOfAll{Use::lookup, R"sql(
  SELECT CAST((SELECT COALESCE(sum(sent), 0) FROM code_send_tallies WHERE kind = 'all' AND subject = '' AND hour > $1)
    + (SELECT count(*) FROM code_sends WHERE reserved_at > $2 AND reserved_at < $3 AND returned_at IS NULL)
    AS bigint))sql"};

constexpr Statement kReturn{Use::write, "UPDATE code_sends SET returned_at = $1 WHERE id = $2 AND returned_at IS NULL"};
constexpr Statement kReturnTally{
    Use::write,
    "UPDATE code_send_tallies SET sent = sent - 1 WHERE id = $1 AND sent > 0 "
    "AND EXISTS (SELECT 1 FROM code_sends WHERE code_sends.id = $2 AND returned_at IS NULL)"};

constexpr Statement kTallies{
    Use::lookup, "SELECT hour, sent, verified FROM code_send_tallies WHERE kind = $1 AND subject = $2 AND hour >= $3"};
constexpr Statement kUnprovenCountries{Use::lookup, R"sql(
  SELECT count(*) FROM (
    SELECT country FROM code_sends WHERE address = $1 AND reserved_at > $2 AND returned_at IS NULL
    GROUP BY country HAVING max(CASE WHEN verified_at IS NULL THEN 0 ELSE 1 END) = 0) AS unproven)sql"};

constexpr Statement kSweepSends{
    Use::write, "DELETE FROM code_sends WHERE id IN (SELECT id FROM code_sends WHERE reserved_at < $1 LIMIT $2)"};
constexpr Statement kSweepTallies{
    Use::write,
    "DELETE FROM code_send_tallies WHERE id IN (SELECT id FROM code_send_tallies WHERE hour < $1 LIMIT $2)"};

struct Tally {
  std::string kind;
  std::string subject;
  std::string id;
};

/// In the order in which everybody takes their rows (guess_statements.cc too).
std::vector<Tally> tallies_of(const Reservation& reservation) {
  const std::string hour = std::to_string(hour_of(reservation.at));
  std::vector<Tally> all;
  const auto add = [&](const std::string& kind, const std::string& subject) {
    std::string id = kind;
    id.append("|").append(subject).append("|").append(hour);
    all.push_back({kind, subject, std::move(id)});
  };
  add("address", reservation.address);
  add("country", reservation.country);
  add("all", "");
  return all;
}

std::vector<storage::Value> reserve_values(const Reservation& wanted, const SendLimits& limits) {
  const Timestamp day_ago = wanted.at - kDay;
  const std::int64_t first_hour = hour_of(day_ago);
  std::vector<storage::Value> values{wanted.id,
                                     wanted.phone_hash,
                                     wanted.address,
                                     wanted.country,
                                     wanted.challenge,
                                     hour_of(wanted.at),
                                     wanted.at,
                                     wanted.at - kHour,
                                     day_ago,
                                     first_hour,
                                     start_of_hour(first_hour + 1),
                                     limits.per_phone_hour,
                                     limits.per_phone_day,
                                     limits.per_address_hour,
                                     limits.codes_per_day};
  for (const auto cool_down : limits.cool_downs) values.emplace_back(wanted.at - cool_down);
  return values;
}

BoundStatement of_phone(const Reservation& wanted, const SendLimits& limits) {
  return {kOfPhone, {wanted.phone_hash, wanted.at - kDay, limits.per_phone_day}};
}

std::vector<Timestamp> times(const Rows& rows) {
  std::vector<Timestamp> all;
  for (std::size_t i = 0; i < rows.size(); ++i) all.push_back(rows.get<Timestamp>(i, 0));
  return all;
}

std::vector<HourTally> tallies(const Rows& rows) {
  std::vector<HourTally> all;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    all.push_back({rows.get<std::int64_t>(i, 0), rows.get<std::int64_t>(i, 1), rows.get<std::int64_t>(i, 2)});
  }
  return all;
}

}  // namespace

Task<Result<ReserveOutcome>> SendStore::reserve(Reservation wanted, Deadline deadline) {
  std::vector<BoundStatement> list;
  list.push_back({kLock, {wanted.at}});
  list.push_back({kReserve, reserve_values(wanted, limits_)});
  for (const Tally& tally : tallies_of(wanted)) {
    list.push_back({kTally, {tally.id, tally.kind, tally.subject, hour_of(wanted.at), wanted.id}});
  }
  list.push_back(of_phone(wanted, limits_));
  const auto rows = co_await database_.transact(std::move(list), deadline);
  if (!rows) co_return fail(rows.error());
  if (rows->at(1).affected() > 0) co_return ReserveOutcome(times(rows->back()));
  co_return co_await explain(std::move(wanted), deadline);
}

Task<Result<ReserveOutcome>> SendStore::explain(Reservation wanted, Deadline deadline) {
  const Timestamp day_ago = wanted.at - kDay;
  std::vector<BoundStatement> list;
  list.push_back(of_phone(wanted, limits_));
  list.push_back({kOfAddress, {wanted.address, wanted.at - kHour, limits_.per_address_hour}});
  list.push_back({kOfAll, {hour_of(day_ago), day_ago, start_of_hour(hour_of(day_ago) + 1)}});
  const auto rows = co_await database_.transact(std::move(list), deadline);
  if (!rows) co_return fail(rows.error());
  const SeenSends seen{times(rows->at(0)), times(rows->at(1)), rows->at(2).get<std::int64_t>(0, 0)};
  // Something may have been returned in between: then a second try is all that it takes.
  co_return refusal(limits_, seen, wanted.at)
      .value_or(SendRefusal{SendLimit::cool_down, wanted.at + std::chrono::seconds(1)});
}

Task<Result<void>> SendStore::give_back(Reservation reservation, Timestamp now, Deadline deadline) {
  std::vector<BoundStatement> list;
  for (const Tally& tally : tallies_of(reservation)) list.push_back({kReturnTally, {tally.id, reservation.id}});
  list.push_back({kReturn, {now, reservation.id}});
  const auto rows = co_await database_.transact(std::move(list), deadline);
  if (!rows) co_return fail(rows.error());
  co_return Result<void>();
}

Task<Result<PumpingView>> SendStore::pumping_view(Reservation reservation, Deadline deadline) {
  const std::int64_t hour = hour_of(reservation.at);
  std::vector<BoundStatement> list;
  list.push_back({kTallies, {"country", reservation.country, hour - kHoursOfCountry}});
  list.push_back({kTallies, {"address", reservation.address, hour - kHoursOfAddress}});
  list.push_back({kUnprovenCountries, {reservation.address, reservation.at - kDay}});
  const auto rows = co_await database_.transact(std::move(list), deadline);
  if (!rows) co_return fail(rows.error());
  co_return PumpingView{tallies(rows->at(0)), tallies(rows->at(1)), rows->at(2).get<std::int64_t>(0, 0)};
}

Task<Result<std::int64_t>> SendStore::sweep(Timestamp old, std::int64_t limit, Deadline deadline) {
  std::vector<BoundStatement> list;
  list.push_back({kSweepSends, {old, limit}});
  list.push_back({kSweepTallies, {hour_of(old), limit}});
  const auto rows = co_await database_.transact(std::move(list), deadline);
  if (!rows) co_return fail(rows.error());
  co_return rows->at(0).affected() + rows->at(1).affected();
}

}  // namespace kriya::verification
