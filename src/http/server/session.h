// One connection: reads requests, has them answered one after another, writes the answers in batches.
#pragma once

#include <chrono>
#include <string>

#include <boost/beast/core/flat_buffer.hpp>

#include "http/handler.h"
#include "http/server/connection_limits.h"
#include "http/server/request_parser.h"
#include "http/server/response_writer.h"
#include "http/server/watch.h"
#include "runtime/task.h"

namespace kriya::http::server {

/// How long a client may take. All are coarse: the listener looks at them twice a second.
struct SessionTimes {
  std::chrono::milliseconds idle{75'000};    // between two requests
  std::chrono::milliseconds header{30'000};  // from connecting, or the first byte of a request, to its last header
  std::chrono::milliseconds body{30'000};    // the body, from its first byte to its last
  std::chrono::milliseconds write{30'000};   // the client taking one batch of answers, or 64 KiB of a streamed one
  std::chrono::milliseconds linger{2'000};   // reading on after a refusal, so that the refusal arrives
};

/// Used by one I/O thread only. Pipelined requests are answered in order; their answers leave in one write.
class Session final : public Connection {
 public:
  Session(Socket socket, std::string peer, Handler& handler, ResponseWriter& writer, const SessionTimes& times,
          BodyBudget& budget);
  ~Session() override { budget_.give_back(charged_); }

  /// Serves the connection until it ends.
  Task<void> run();

  /// Cuts what has taken too long. A request that was begun gets a 408.
  void check_deadline(std::chrono::steady_clock::time_point now);

  /// Finishes the request in hand, however long its body is written, then closes; an idle connection closes now.
  void drain();

  /// Ends the connection without further ceremony. Whoever asked for `gone` is told.
  void abort();

  /// A client that has sent its request and closes its own side (FIN) may still read; it counts as gone nevertheless:
  /// one that has died looks the same. Its answer is still tried, unless that is streamed.
  std::stop_token gone() override { return watch_.start(); }

  const std::string& peer() const { return peer_; }

 private:
  enum class Phase { idle, header, body, handling, writing, lingering };

  class Body;

  Task<void> serve();
  Task<bool> read_request(RequestParser& parser);
  void skip_line_breaks();
  Task<bool> read_more();
  Task<bool> flush();
  Task<bool> stream(const Response& response);
  Task<bool> send(std::string_view bytes);
  Task<void> refuse(Error error);
  Task<void> linger();
  void enter(Phase phase);
  void advance_phase(const RequestParser& parser);
  bool charge_body();

  Socket socket_;
  std::string peer_;
  Handler& handler_;
  ResponseWriter& writer_;
  const SessionTimes& times_;
  BodyBudget& budget_;

  Request request_;
  boost::beast::flat_buffer input_;
  Watch watch_;
  std::string output_;
  Phase phase_ = Phase::idle;
  std::size_t charged_ = 0;  // bytes of the budget that this request's body holds
  bool first_request_ = true;
  bool timed_out_ = false;
  bool draining_ = false;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace kriya::http::server
