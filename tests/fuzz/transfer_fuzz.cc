// Any bytes as a file for kriya import, into a database that takes every row.
#include <cstdlib>

#include "runtime/io_threads.h"
#include "storage/transfer.h"

namespace {

using namespace kriya;
using namespace kriya::storage;

class Greedy final : public Database {
 public:
  Task<Result<Rows>> run(const Statement&, std::vector<Value>, Deadline) override { co_return Rows(); }
  Task<Result<Rows>> look_up(const Statement&, Value, Deadline) override { co_return Rows(); }
  Task<Result<std::vector<Rows>>> transact(std::vector<BoundStatement> statements, Deadline) override {
    std::vector<Rows> answers(statements.size());
    for (Rows& rows : answers) rows.set_affected(1);
    taken += static_cast<std::int64_t>(statements.size());
    co_return answers;
  }

  std::int64_t taken = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Greedy database;
  const auto count = run_to_completion(import_all(
      database, 3,
      [&]() -> Result<std::optional<std::string>> {
        if (rest.empty()) return std::optional<std::string>();
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        return std::string(line);
      },
      [](std::string_view, std::int64_t) {}));
  if (count && count->inserted != database.taken) std::abort();
  if (!count && count.error().detail.empty()) std::abort();
  return 0;
}
