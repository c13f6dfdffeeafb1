#include "storage/postgres/lookup_batch.h"

#include <algorithm>

namespace kriya::storage::postgres {
namespace {

using Waiter = LookupBatch::Waiter;

std::vector<Waiter> sorted(std::vector<Waiter> waiters) {
  std::ranges::sort(waiters, {}, &Waiter::key);
  return waiters;
}

template <class T>
Value array_of_type(const std::vector<Waiter>& waiters) {
  std::vector<T> array;
  array.reserve(waiters.size());
  for (const Waiter& waiter : waiters) {
    const T& key = std::get<T>(waiter.key);
    if (array.empty() || array.back() != key) array.push_back(key);
  }
  return array;
}

void answer(Waiter& waiter, Result<Rows> rows) {
  if (auto done = std::exchange(waiter.done, std::nullopt)) done->go_on(std::move(rows));
}

}  // namespace

Value array_of(const std::vector<Waiter>& waiters) {
  if (std::holds_alternative<Uuid>(waiters.front().key)) return array_of_type<Uuid>(waiters);
  return array_of_type<std::string>(waiters);
}

LookupBatch::LookupBatch(const Statement& by_keys, std::vector<Waiter> waiters, Deadline until,
                         std::function<void()> over)
    : Job({}, until), waiters_(sorted(std::move(waiters))), over_(std::move(over)) {
  statements.push_back({by_keys, {array_of(waiters_)}});
}

void LookupBatch::finish(Answer answered) {
  over_();
  // Whoever goes on may bring anything about; what is needed here is in this object, which is alive until the end.
  if (!answered) {
    for (Waiter& waiter : waiters_) answer(waiter, fail(answered.error()));
    return;
  }
  Rows& rows = answered->front();
  std::vector<std::optional<Rows>> found(waiters_.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto owners = std::ranges::equal_range(waiters_, rows.cell(row, 0), {}, &Waiter::key);
    if (owners.empty()) continue;
    const Rows one = rows.take_row(row);
    for (const Waiter& owner : owners) found[static_cast<std::size_t>(&owner - waiters_.data())] = one;
  }
  for (std::size_t i = 0; i < waiters_.size(); ++i) {
    answer(waiters_[i], found[i] ? *std::move(found[i]) : rows.none());
  }
}

void LookupBatch::give_up(Deadline::Steady::time_point now) {
  for (Waiter& waiter : waiters_) {
    if (waiter.done && waiter.deadline.passed_at(now)) {
      answer(waiter, fail(Errc::unavailable, "PostgreSQL did not answer in time."));
    }
  }
}

}  // namespace kriya::storage::postgres
