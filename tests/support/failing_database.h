// A database that stops answering at a chosen write, as it looks to a process that is being killed.
#pragma once

#include <limits>
#include <utility>

#include "storage/database.h"

namespace kriya::tests {

class FailingDatabase final : public storage::Database {
 public:
  explicit FailingDatabase(storage::Database& real) : real_(real) {}

  /// The first `count` writes reach the real database, and nothing after them.
  void die_after_writes(int count) { writes_left_ = count; }

  /// The next write is done, but nobody hears of it: so it is when a server goes away after the commit.
  void lose_the_next_answer() { loses_next_ = true; }

  /// Reads go on, writes fail; or no longer.
  void be_read_only(bool read_only) { read_only_ = read_only; }

  Task<Result<storage::Rows>> run(const storage::Statement& statement, std::vector<storage::Value> values,
                                  Deadline deadline) override {
    if (dies(statement.use == storage::Use::write)) co_return gone();
    auto rows = co_await real_.run(statement, std::move(values), deadline);
    if (statement.use == storage::Use::write && std::exchange(loses_next_, false)) co_return gone();
    co_return rows;
  }
  Task<Result<storage::Rows>> look_up(const storage::Statement& by_keys, storage::Value key,
                                      Deadline deadline) override {
    if (dies(false)) co_return gone();
    co_return co_await real_.look_up(by_keys, std::move(key), deadline);
  }
  Task<Result<std::vector<storage::Rows>>> transact(std::vector<storage::BoundStatement> statements,
                                                    Deadline deadline) override {
    if (dies(true)) co_return gone();
    co_return co_await real_.transact(std::move(statements), deadline);
  }

 private:
  static tl::unexpected<Error> gone() { return fail(Errc::unavailable, "The process is dead."); }
  bool dies(bool write) {
    if (writes_left_ <= 0 || (write && read_only_)) return true;
    if (write) --writes_left_;
    return false;
  }

  storage::Database& real_;
  bool loses_next_ = false;
  bool read_only_ = false;
  int writes_left_ = std::numeric_limits<int>::max();
};

}  // namespace kriya::tests
