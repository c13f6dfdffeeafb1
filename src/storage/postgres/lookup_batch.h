// Keys that were looked up at the same time, as one query, and their rows handed out again.
#pragma once

#include <functional>
#include <optional>

#include "runtime/handoff.h"
#include "storage/postgres/job.h"

namespace kriya::storage::postgres {

class LookupBatch final : public Job {
 public:
  struct Waiter {
    Value key;
    Deadline deadline;
    std::optional<Completion<Result<Rows>>> done;  // empty once answered
  };

  /// `over` is called when the query has ended, before anybody is answered.
  LookupBatch(const Statement& by_keys, std::vector<Waiter> waiters, Deadline until, std::function<void()> over);

  void finish(Answer answer) override;
  void give_up(Deadline::Steady::time_point now) override;

 private:
  std::vector<Waiter> waiters_;  // in the order of their keys
  std::function<void()> over_;
};

/// The values of `keys`, which are all of one kind (ids or texts), as one array. Without doubles if they are sorted.
Value array_of(const std::vector<LookupBatch::Waiter>& waiters);

}  // namespace kriya::storage::postgres
