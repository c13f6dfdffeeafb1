#include "storage/sqlite/sqlite_database.h"

#include <chrono>

#include "runtime/io_threads.h"

namespace kriya::storage::sqlite {

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(Options options, const telemetry::Log& log,
                                                             telemetry::Metrics& metrics, WorkerPool& workers) {
  auto writer = Connection::open(options.file, Connection::Mode::write);
  if (!writer) return fail(writer.error());
  return std::unique_ptr<SqliteDatabase>(
      new SqliteDatabase(std::move(options), *std::move(writer), log, metrics, workers));
}

SqliteDatabase::SqliteDatabase(Options options, std::unique_ptr<Connection> writer, const telemetry::Log& log,
                               telemetry::Metrics& metrics, WorkerPool& workers)
    : options_(std::move(options)),
      workers_(workers),
      lookup_seconds_(metrics.histogram("kriya_database_lookup_seconds", "Indexed reads, from call to rows.")),
      failures_(log, metrics),
      readers_(options_.io_threads),
      writer_(std::move(writer), options_.max_queued_writes, metrics) {}

Task<Result<Rows>> SqliteDatabase::run(const Statement& statement, std::vector<Value> values, Deadline deadline) {
  switch (statement.use) {
    case Use::lookup:
      co_return failures_.reported(read_here([&](Connection& reader) { return reader.run(statement, values); }));
    case Use::scan: {
      auto rows = co_await workers_.run<Rows>([this, statement, values = std::move(values)] {
        const std::scoped_lock lock(shared_reader_mutex_);
        return read_on(shared_reader_, [&](Connection& reader) { return reader.run(statement, values); });
      });
      co_return failures_.reported(std::move(rows));
    }
    case Use::write:
      break;
  }
  std::vector<BoundStatement> single;
  single.push_back({statement, std::move(values)});
  auto answer = co_await transact(std::move(single), deadline);
  if (!answer) co_return fail(answer.error());
  co_return std::move(answer->front());
}

Task<Result<Rows>> SqliteDatabase::look_up(const Statement& by_keys, Value key, Deadline) {
  co_return failures_.reported(read_here([&](Connection& reader) { return reader.run_for_one(by_keys, key); }));
}

Task<Result<std::vector<Rows>>> SqliteDatabase::transact(std::vector<BoundStatement> statements, Deadline deadline) {
  auto answer = co_await writer_.write(std::move(statements), deadline);
  co_return failures_.reported(std::move(answer));
}

template <class Read>
Result<Rows> SqliteDatabase::read_here(Read read) {
  const auto start = std::chrono::steady_clock::now();
  const int thread = IoThreads::current();
  auto rows = [&] {
    if (thread >= 0 && static_cast<std::size_t>(thread) < readers_.size()) {
      return read_on(readers_[static_cast<std::size_t>(thread)], read);
    }
    const std::scoped_lock lock(shared_reader_mutex_);
    return read_on(shared_reader_, read);
  }();
  lookup_seconds_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return rows;
}

template <class Read>
Result<Rows> SqliteDatabase::read_on(std::unique_ptr<Connection>& reader, Read read) {
  if (!reader) {
    auto opened = Connection::open(options_.file, Connection::Mode::read);
    if (!opened) return fail(opened.error());
    reader = *std::move(opened);
  }
  return read(*reader);
}

}  // namespace kriya::storage::sqlite
