#include "operations/instances.h"

#include <algorithm>

namespace kriya::operations {
namespace {

using storage::Rows;
using storage::Statement;
using storage::Use;

// A port has one owner: an older row of the name is what a crash left behind.
constexpr Statement kForgetFormer{Use::write, "DELETE FROM instances WHERE name = $1 AND id <> $2"};
constexpr Statement kForgetGone{Use::write, "DELETE FROM instances WHERE seen_at < $1"};
constexpr Statement kSayThere{
    Use::write,
    "INSERT INTO instances (id, name, version, shared_store, started_at, seen_at) "
    "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at"};
constexpr Statement kRunning{Use::lookup,
                             "SELECT id, name, version, shared_store, started_at, seen_at FROM instances "
                             "WHERE seen_at >= $1 ORDER BY started_at, id"};
constexpr Statement kLeave{Use::write, "DELETE FROM instances WHERE id = $1"};

std::vector<Instance> instances_in(const Rows& rows) {
  std::vector<Instance> instances;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    instances.push_back({.id = rows.get<Uuid>(i, 0),
                         .name = rows.get<std::string>(i, 1),
                         .version = rows.get<std::string>(i, 2),
                         .shared_store = rows.get<std::string>(i, 3),
                         .started_at = rows.get<Timestamp>(i, 4),
                         .seen_at = rows.get<Timestamp>(i, 5)});
  }
  return instances;
}

}  // namespace

Task<Result<std::vector<Instance>>> Instances::beat(Instance self, Timestamp now, Deadline deadline) {
  std::vector<storage::BoundStatement> statements;
  statements.push_back({kForgetFormer, {self.name, self.id}});
  statements.push_back({kForgetGone, {now - std::chrono::hours(1)}});
  statements.push_back({kSayThere, {self.id, self.name, self.version, self.shared_store, self.started_at, now}});
  const auto written = co_await database_.transact(std::move(statements), deadline);
  if (!written) co_return fail(written.error());
  auto all = co_await running(now, deadline);
  if (all) std::erase_if(*all, [&](const Instance& one) { return one.id == self.id; });
  co_return all;
}

Task<Result<std::vector<Instance>>> Instances::running(Timestamp now, Deadline deadline) {
  const auto rows = co_await database_.run(kRunning, {now - kGone}, deadline);
  if (!rows) co_return fail(rows.error());
  co_return instances_in(*rows);
}

Task<Result<void>> Instances::leave(Uuid id, Deadline deadline) {
  const auto gone = co_await database_.run(kLeave, {id}, deadline);
  if (!gone) co_return fail(gone.error());
  co_return Result<void>();
}

bool limits_counted_apart(const std::vector<Instance>& all) {
  const auto shares = [&](const Instance& one) {
    return !one.shared_store.empty() && one.shared_store == all.front().shared_store;
  };
  return all.size() > 1 && !std::ranges::all_of(all, shares);
}

std::optional<std::string> warning_of_limits_apart(const Instance& self, const std::vector<Instance>& others) {
  const auto apart = std::ranges::find_if(others, [&](const Instance& other) {
    return other.seen_at > self.started_at && limits_counted_apart({self, other});
  });
  if (apart == others.end()) return std::nullopt;
  return "Another kriya (" + apart->name +
         ") works on this database, and request limits are counted apart: each allows the whole quota. Give all "
         "instances the same REDIS_URL.";
}

}  // namespace kriya::operations
