// The processes that work on one database, so that they and the operator know of each other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"
#include "storage/database.h"

namespace kriya::operations {

/// One running kriya.
struct Instance {
  Uuid id;                   // a new one at every start
  std::string name;          // host and port: two with one name are one after the other
  std::string version;       // of the program
  std::string shared_store;  // empty: request limits are counted in the process; else which Redis counts them
  Timestamp started_at;
  Timestamp seen_at;
};

/// Each instance writes its row every few seconds; one whose row has not been written for a while is gone. Stateless.
/// Errors of every call: those of Database.
class Instances {
 public:
  static constexpr std::chrono::seconds kBeat{5};
  static constexpr std::chrono::seconds kGone{20};

  explicit Instances(storage::Database& database) : database_(database) {}

  /// Says that `self` is there at `now`, and forgets those who are long gone. Returns the others that are there.
  Task<Result<std::vector<Instance>>> beat(Instance self, Timestamp now, Deadline deadline);

  /// Those that are there at `now`.
  Task<Result<std::vector<Instance>>> running(Timestamp now, Deadline deadline);

  Task<Result<void>> leave(Uuid id, Deadline deadline);

 private:
  storage::Database& database_;
};

/// Whether several instances count request limits apart, so that each allows the whole quota.
bool limits_counted_apart(const std::vector<Instance>& all);

/// What an operator must hear when another instance counts apart from `self`. Others count once they were seen after
/// `self` started: before that they may be what a crash left behind.
std::optional<std::string> warning_of_limits_apart(const Instance& self, const std::vector<Instance>& others);

}  // namespace kriya::operations
