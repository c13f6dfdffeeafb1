// Writes that wait at the same time, as one transaction with one commit.
#pragma once

#include <memory>
#include <vector>

#include "storage/postgres/job.h"

namespace kriya::storage::postgres {

/// All or nothing, so each member is. When it fails, the members can be taken out again and tried by themselves: one
/// that fails, or that waits for a lock, spoils no other.
class WriteGroup final : public Job {
 public:
  /// At least two.
  explicit WriteGroup(std::vector<std::unique_ptr<Job>> members);

  void finish(Answer answer) override;
  void give_up(Deadline::Steady::time_point) override {}  // a write is answered when its end is known

  /// The members with their statements, marked so that they are not grouped again. The group is spent.
  std::vector<std::unique_ptr<Job>> take_apart() override;

 private:
  std::vector<std::unique_ptr<Job>> members_;
  std::vector<std::size_t> sizes_;  // statements of each member
};

}  // namespace kriya::storage::postgres
