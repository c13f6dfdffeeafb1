// One unit of work for PostgreSQL: statements that take effect together, and who waits for their rows.
#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "runtime/deadline.h"
#include "storage/statement.h"

namespace kriya::storage::postgres {

/// Belongs to one I/O thread from its making to its end.
struct Job {
  using Answer = Result<std::vector<Rows>>;

  Job(std::vector<BoundStatement> work, Deadline until) : statements(std::move(work)), deadline(until) {
    for (const BoundStatement& bound : statements) {
      writes = writes || bound.statement.use == Use::write;
      alone = alone || bound.statement.use != Use::lookup;
    }
    alone = alone || statements.size() > 1;
  }
  virtual ~Job() = default;

  /// Called once, with the rows of every statement or the first failure. May bring new jobs to the lane.
  virtual void finish(Answer answer) = 0;

  /// Answers whoever waits longer than they wish to, if that can be done without knowing how the job ends.
  virtual void give_up(Deadline::Steady::time_point now) = 0;

  /// The jobs inside this one, when it is a group that has failed as a whole; else nothing.
  virtual std::vector<std::unique_ptr<Job>> take_apart() { return {}; }

  std::vector<BoundStatement> statements;
  Deadline deadline;
  Deadline wait_until = deadline;  // for a connection
  Deadline stop_at = deadline;     // once the server is at it
  bool writes = false;
  bool alone = false;      // writes and scans: nothing else waits behind it on its connection
  bool by_itself = false;  // a write that is not to share its commit with others
  bool cancelled = false;  // we have asked the server to stop it
  int attempts = 0;
};

}  // namespace kriya::storage::postgres
