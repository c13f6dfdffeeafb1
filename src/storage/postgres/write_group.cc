#include "storage/postgres/write_group.h"

#include <algorithm>

namespace kriya::storage::postgres {
namespace {

// A member that meets a lock must not hold up the others for long: the group fails, and they go on without it.
constexpr Statement kWaitBrieflyForLocks{Use::write, "SET LOCAL lock_timeout = '100ms'"};

Deadline earliest(const std::vector<std::unique_ptr<Job>>& jobs) {
  Deadline first = jobs.front()->deadline;
  for (const auto& job : jobs) first = job->deadline.at() < first.at() ? job->deadline : first;
  return first;
}

}  // namespace

WriteGroup::WriteGroup(std::vector<std::unique_ptr<Job>> members)
    : Job({{kWaitBrieflyForLocks, {}}}, earliest(members)), members_(std::move(members)) {
  writes = alone = true;
  for (auto& member : members_) {
    sizes_.push_back(member->statements.size());
    std::ranges::move(member->statements, std::back_inserter(statements));
  }
}

std::vector<std::unique_ptr<Job>> WriteGroup::take_apart() {
  auto next = statements.begin() + 1;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Job& member = *members_[i];
    member.by_itself = true;
    member.statements.clear();
    const auto end = next + static_cast<std::ptrdiff_t>(sizes_[i]);
    std::move(next, end, std::back_inserter(member.statements));
    next = end;
  }
  return std::move(members_);
}

void WriteGroup::finish(Answer answer) {
  std::size_t next = 1;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!answer) {
      members_[i]->finish(fail(answer.error()));
      continue;
    }
    const auto first = answer->begin() + static_cast<std::ptrdiff_t>(next);
    const auto end = first + static_cast<std::ptrdiff_t>(sizes_[i]);
    members_[i]->finish(std::vector<Rows>(std::move_iterator(first), std::move_iterator(end)));
    next += sizes_[i];
  }
}

}  // namespace kriya::storage::postgres
