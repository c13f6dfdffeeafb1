// One connection in libpq's pipeline mode: many jobs in flight, answered in order.
//
// Each job ends with a Sync of its own, so the server runs it as one transaction (PostgreSQL manual, 55.2.4) and an
// error in it touches no other. A job is acknowledged only by the Sync's answer, which comes after the commit.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <libpq-fe.h>

#include "runtime/task.h"
#include "storage/postgres/connect.h"
#include "storage/postgres/failure.h"
#include "storage/postgres/job.h"
#include "telemetry/metrics.h"

namespace kriya::storage::postgres {

/// Everything happens on the one thread that runs `context`.
class PipelineConnection : public std::enable_shared_from_this<PipelineConnection> {
 public:
  struct Finished {
    std::unique_ptr<Job> job;
    Job::Answer answer;
    std::optional<Failure> failure;
  };

  /// Who hears of results. May send new jobs, or close the connection, from within the calls.
  class Owner {
   public:
    virtual void on_finished(PipelineConnection& from, std::vector<Finished> finished) = 0;

    /// The connection is gone; how these jobs ended on the server nobody knows.
    virtual void on_lost(PipelineConnection& from, std::deque<std::unique_ptr<Job>> unanswered, Error why) = 0;

   protected:
    ~Owner() = default;
  };

  /// `handle`: connected, non-blocking, in pipeline mode. With `prepares` each statement is parsed by the server once.
  PipelineConnection(asio::io_context& context, Handle handle, bool prepares, Owner& owner,
                     telemetry::Counter& queries);
  ~PipelineConnection();

  void start();  // begins to listen

  /// Never blocks; the answer comes through the owner.
  void send(std::unique_ptr<Job> job);

  std::size_t in_flight() const { return in_flight_.size(); }

  /// No new jobs; closed by the owner once what is in flight has ended.
  void retire() { retired_ = true; }
  bool retired() const { return retired_; }

  /// The job that the server is at; null when idle.
  Job* current() { return in_flight_.empty() ? nullptr : in_flight_.front().job.get(); }

  /// Lets every job in flight answer those who wait too long.
  void give_up(Deadline::Steady::time_point now);

  /// What another thread needs to interrupt the server's work (PQcancel blocks). Null when out of memory.
  std::shared_ptr<PGcancel> canceller() const;

  /// Ends it, and hands what was in flight to the owner as lost.
  void lose(Error why);

  /// Ends it without a word.
  void close();

 private:
  enum class Expected { parsed, rows };
  struct InFlight {
    std::unique_ptr<Job> job;
    std::deque<std::pair<Expected, std::string>> expected;  // what the server still has to say; a key of prepared_
    std::vector<Rows> rows;
    std::optional<Failure> failure;
  };

  bool send_statement(const BoundStatement& bound, InFlight& flight);
  void wait_readable();
  void on_readable();
  std::vector<Finished> take_results();
  void take(PGresult& result, InFlight& flight);
  void flush();

  asio::io_context& context_;
  Handle handle_;
  asio::posix::basic_stream_descriptor<Executor> socket_;
  const bool prepares_;
  Owner& owner_;
  telemetry::Counter& queries_;
  std::unordered_map<std::string, std::string> prepared_;  // address of the SQL text and signature: the server's name
  std::uint64_t names_ = 0;
  std::deque<InFlight> in_flight_;
  bool writing_ = false;
  bool retired_ = false;
  bool closed_ = false;
};

}  // namespace kriya::storage::postgres
