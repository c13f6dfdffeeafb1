#include "storage/postgres/pipeline_connection.h"

#include <boost/asio/post.hpp>

#include "storage/postgres/wire.h"

namespace kriya::storage::postgres {
namespace {

/// Statements are constants, so the address names the text.
std::string key_of(const char* sql, const std::string& signature) {
  return std::to_string(reinterpret_cast<std::uintptr_t>(sql)) + signature;
}

}  // namespace

PipelineConnection::PipelineConnection(asio::io_context& context, Handle handle, bool prepares, Owner& owner,
                                       telemetry::Counter& queries)
    : context_(context),
      handle_(std::move(handle)),
      socket_(context.get_executor(), PQsocket(handle_.get())),
      prepares_(prepares),
      owner_(owner),
      queries_(queries) {}

PipelineConnection::~PipelineConnection() { close(); }

void PipelineConnection::start() { wait_readable(); }

void PipelineConnection::close() {
  if (closed_) return;
  closed_ = true;
  socket_.release();  // libpq owns the descriptor
  handle_.reset();
}

void PipelineConnection::lose(Error why) {
  if (closed_) return;
  close();
  std::deque<std::unique_ptr<Job>> unanswered;
  for (InFlight& flight : in_flight_) unanswered.push_back(std::move(flight.job));
  in_flight_.clear();
  owner_.on_lost(*this, std::move(unanswered), std::move(why));
}

std::shared_ptr<PGcancel> PipelineConnection::canceller() const {
  return {PQgetCancel(handle_.get()), [](PGcancel* cancel) { PQfreeCancel(cancel); }};
}

void PipelineConnection::give_up(Deadline::Steady::time_point now) {
  for (InFlight& flight : in_flight_) flight.job->give_up(now);
}

void PipelineConnection::send(std::unique_ptr<Job> job) {
  InFlight& flight = in_flight_.emplace_back();
  flight.job = std::move(job);
  bool sent = true;
  for (const BoundStatement& bound : flight.job->statements) sent = sent && send_statement(bound, flight);
  sent = sent && PQpipelineSync(handle_.get()) == 1;
  if (sent) {
    flush();
    return;
  }
  // Not from within the caller, who is in the middle of handing out work.
  asio::post(context_, [self = shared_from_this(), why = one_line(PQerrorMessage(handle_.get()))] {
    self->lose({Errc::unavailable, "The connection to PostgreSQL broke: " + why});
  });
}

bool PipelineConnection::send_statement(const BoundStatement& bound, InFlight& flight) {
  const Parameters parameters(bound.values);
  constexpr int kBinary = 1;
  queries_.add();
  if (!prepares_) {
    flight.expected.emplace_back(Expected::rows, "");
    return PQsendQueryParams(handle_.get(), bound.statement.sql, parameters.count(), parameters.types(),
                             parameters.values(), parameters.lengths(), parameters.formats(), kBinary) == 1;
  }
  const std::string key = key_of(bound.statement.sql, parameters.signature());
  auto known = prepared_.find(key);
  if (known == prepared_.end()) {
    known = prepared_.emplace(key, "s" + std::to_string(++names_)).first;
    flight.expected.emplace_back(Expected::parsed, key);
    if (PQsendPrepare(handle_.get(), known->second.c_str(), bound.statement.sql, parameters.count(),
                      parameters.types()) != 1) {
      return false;
    }
  }
  flight.expected.emplace_back(Expected::rows, "");
  return PQsendQueryPrepared(handle_.get(), known->second.c_str(), parameters.count(), parameters.values(),
                             parameters.lengths(), parameters.formats(), kBinary) == 1;
}

/// Sends what did not fit into the socket's buffer as soon as it does.
void PipelineConnection::flush() {
  if (writing_ || closed_) return;
  if (PQflush(handle_.get()) != 1) return;  // all sent, or broken: reading tells
  writing_ = true;
  socket_.async_wait(asio::posix::descriptor_base::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& ec) {
                       self->writing_ = false;
                       if (!ec) self->flush();
                     });
}

void PipelineConnection::wait_readable() {
  socket_.async_wait(asio::posix::descriptor_base::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& ec) {
                       if (!ec && !self->closed_) self->on_readable();
                     });
}

void PipelineConnection::on_readable() {
  const bool alive = PQconsumeInput(handle_.get()) == 1;
  flush();  // libpq asks for it: the server may wait for us to go on sending
  auto finished = take_results();
  const auto self = shared_from_this();
  if (!finished.empty()) owner_.on_finished(*this, std::move(finished));
  if (closed_) return;
  if (!alive || PQstatus(handle_.get()) == CONNECTION_BAD) {
    lose({Errc::unavailable, "The connection to PostgreSQL broke: " + one_line(PQerrorMessage(handle_.get()))});
    return;
  }
  wait_readable();
}

std::vector<PipelineConnection::Finished> PipelineConnection::take_results() {
  std::vector<Finished> finished;
  while (!in_flight_.empty() && PQisBusy(handle_.get()) == 0) {
    const OwnedResult result(PQgetResult(handle_.get()));
    InFlight& flight = in_flight_.front();
    if (!result) {  // the end of one statement's results, or of all when the connection broke
      if (PQstatus(handle_.get()) == CONNECTION_BAD) break;
      continue;
    }
    if (PQresultStatus(result.get()) != PGRES_PIPELINE_SYNC) {
      take(*result, flight);
      continue;
    }
    Finished& done =
        finished.emplace_back(Finished{std::move(flight.job), std::move(flight.rows), std::move(flight.failure)});
    if (done.failure) done.answer = fail(done.failure->error);
    for (const auto& [kind, key] : flight.expected) {
      if (kind == Expected::parsed) prepared_.erase(key);  // skipped after an error
    }
    in_flight_.pop_front();
  }
  return finished;
}

void PipelineConnection::take(PGresult& result, InFlight& flight) {
  const ExecStatusType status = PQresultStatus(&result);
  if (status == PGRES_PIPELINE_ABORTED) return;  // a statement after the one that failed
  if (status == PGRES_FATAL_ERROR || flight.expected.empty()) {
    if (!flight.failure) flight.failure = describe_failure(result);
    return;
  }
  const auto [kind, key] = std::move(flight.expected.front());
  flight.expected.pop_front();
  if (kind == Expected::parsed) return;
  auto rows = read_rows(result);
  if (rows) {
    flight.rows.push_back(*std::move(rows));
  } else if (!flight.failure) {
    flight.failure = Failure{.error = rows.error()};
  }
}

}  // namespace kriya::storage::postgres
