#include "http/server/session.h"

#include <array>
#include <charconv>
#include <exception>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace kriya::http::server {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 8 * 1024;
constexpr std::size_t kMaxInputBytes = 64 * 1024;
constexpr std::size_t kMaxUnparsedBytes = kMaxHeaderBytes + kReadBytes;
constexpr std::size_t kMaxUnsentBytes = 64 * 1024;  // pipelined answers are sent before more pile up
constexpr std::size_t kUnchargedBodyBytes = 32 * 1024;
constexpr std::chrono::milliseconds kFirstRequestGrace{1'000};
constexpr std::size_t kMaxLingerBytes = 16 * 1024 * 1024;

constexpr std::size_t kStreamedPiece = 64 * 1024;  // what a client must take within SessionTimes::write

/// The bytes as one chunk (RFC 9112 section 7.1).
std::string as_chunk(std::string bytes) {
  std::array<char, 18> size;
  char* end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  bytes.insert(0, size.data(), static_cast<std::size_t>(end - size.data()));
  bytes += "\r\n";
  return bytes;
}

}  // namespace

/// Of an answer that is streamed.
class Session::Body final : public BodyWriter {
 public:
  Body(Session& session, bool chunked) : session_(session), chunked_(chunked) {}

  /// An empty chunk would be the last.
  Task<bool> write(std::string bytes) override {
    if (chunked_ && !bytes.empty()) bytes = as_chunk(std::move(bytes));
    co_return co_await session_.send(bytes);
  }

  Task<bool> end() { return session_.send(chunked_ ? "0\r\n\r\n" : ""); }

 private:
  Session& session_;
  const bool chunked_;
};

Session::Session(Socket socket, std::string peer, Handler& handler, ResponseWriter& writer, const SessionTimes& times,
                 BodyBudget& budget)
    : socket_(std::move(socket)),
      peer_(std::move(peer)),
      handler_(handler),
      writer_(writer),
      times_(times),
      budget_(budget),
      input_(kMaxInputBytes),
      watch_(socket_, input_, kMaxUnparsedBytes) {}

Task<void> Session::run() {
  std::exception_ptr failure;
  try {
    co_await serve();
  } catch (...) {
    failure = std::current_exception();
  }
  if (watch_.is_on()) co_await watch_.end();
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (failure) std::rethrow_exception(failure);
}

Task<void> Session::serve() {
  enter(Phase::idle);
  for (;;) {
    RequestParser parser(request_);
    if (!co_await read_request(parser)) break;
    enter(Phase::handling);
    const Response response = co_await handler_.handle(request_, peer_, *this);
    const bool streamed = is_streamed(request_, response);
    const bool until_close = streamed && request_.minor_version() == 0;
    const bool keep_alive = parser.keep_alive() && !response.close && !draining_ && !until_close;
    writer_.append(output_, request_, response, keep_alive);
    if (streamed) {
      // A stream may last for hours: the body that it answers does not.
      std::string().swap(request_.mutable_body());
      budget_.give_back(std::exchange(charged_, 0));
      if (!co_await stream(response)) break;
    }
    if (watch_.is_on()) co_await watch_.end();
    if (!keep_alive) {
      if (output_.empty() || co_await flush()) co_await linger();
      break;
    }
    if (output_.size() > kMaxUnsentBytes && !co_await flush()) break;
    budget_.give_back(std::exchange(charged_, 0));
    first_request_ = false;
    enter(Phase::idle);
  }
}

/// True when a whole request is there. Otherwise the connection is done, and what had to be said was said.
Task<bool> Session::read_request(RequestParser& parser) {
  bool continue_sent = false;
  for (;;) {
    if (!parser.got_some()) skip_line_breaks();
    const auto bytes = input_.cdata();
    if (bytes.size() > 0) {
      const auto used = parser.feed({static_cast<const char*>(bytes.data()), bytes.size()});
      if (!used) {
        co_await refuse(used.error());
        co_return false;
      }
      input_.consume(*used);
      if (parser.is_done()) co_return true;
      if (!charge_body()) {
        co_await refuse({Errc::overloaded, "The server is holding too many large requests; try again shortly."});
        co_return false;
      }
      advance_phase(parser);
      if (*used > 0 && input_.size() > 0) continue;
    }
    if (parser.is_header_done() && parser.expects_continue() && !continue_sent) {
      output_ += "HTTP/1.1 100 Continue\r\n\r\n";
      continue_sent = true;
    }
    if (input_.size() > kMaxUnparsedBytes) {  // a chunk extension or a trailer without end
      co_await refuse({Errc::headers_too_large, "A line of the request is too long."});
      co_return false;
    }
    if (!co_await read_more()) {
      if (timed_out_ && phase_ != Phase::idle) {
        timed_out_ = false;
        co_await refuse({Errc::request_timeout, "The request did not arrive in time."});
      }
      co_return false;
    }
  }
}

/// Some clients send a line break after a body (RFC 9112 section 2.2).
void Session::skip_line_breaks() {
  const auto next = [this] { return std::string_view(static_cast<const char*>(input_.cdata().data()), input_.size()); };
  while (next().starts_with("\r\n")) input_.consume(2);
}

/// Sends what is waiting, then reads once.
Task<bool> Session::read_more() {
  if (!output_.empty()) {
    const Phase reading = phase_;
    const auto deadline = deadline_;
    if (!co_await flush()) co_return false;
    phase_ = reading;
    deadline_ = deadline;
  }
  if (watch_.is_at_end()) co_return false;
  // A drain that came while the answer was being sent found no idle connection to close.
  if (draining_ && phase_ == Phase::idle && !first_request_) {
    boost::system::error_code ignored;
    if (socket_.available(ignored) == 0) co_return false;
  }
  const auto [ec, count] = co_await socket_.async_read_some(input_.prepare(kReadBytes), use_result);
  if (ec) co_return false;
  input_.commit(count);
  co_return true;
}

Task<bool> Session::flush() {
  enter(Phase::writing);
  const auto [ec, count] = co_await asio::async_write(socket_, asio::buffer(output_), use_result);
  output_.clear();
  if (output_.capacity() > kMaxUnsentBytes) output_.shrink_to_fit();
  co_return !ec && count > 0;
}

/// The head leaves now, the body as it comes. False: it did not come to its end, and so the connection must.
Task<bool> Session::stream(const Response& response) {
  // A write to a client who is known to be gone need not wait for its time to pass.
  const std::stop_callback cut(gone(), [this] {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  });
  if (!co_await flush()) watch_.call_gone();
  if (watch_.is_gone()) co_return false;
  enter(Phase::handling);
  Body body(*this, request_.minor_version() > 0);
  try {
    co_await response.stream(body);
  } catch (...) {
    co_return false;  // the client sees that the last chunk is missing
  }
  co_return co_await body.end();
}

Task<bool> Session::send(std::string_view bytes) {
  while (!bytes.empty() && !watch_.is_gone()) {
    enter(Phase::writing);
    const auto piece = bytes.substr(0, kStreamedPiece);
    const auto [ec, count] = co_await asio::async_write(socket_, asio::buffer(piece), use_result);
    if (ec) watch_.call_gone();
    bytes.remove_prefix(piece.size());
  }
  enter(Phase::handling);
  co_return !watch_.is_gone();
}

Task<void> Session::refuse(Error error) {
  const Response response = handler_.refuse(error, request_, peer_);
  writer_.append(output_, request_, response, false);
  if (co_await flush()) co_await linger();
}

/// Reads and drops what the client still sends: closing with unread bytes would reset the connection and could destroy
/// the answer before the client has read it (RFC 9112 section 9.6).
Task<void> Session::linger() {
  enter(Phase::lingering);
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  input_.clear();
  std::size_t dropped = 0;
  while (dropped < kMaxLingerBytes && !watch_.is_at_end()) {
    const auto [ec, count] = co_await socket_.async_read_some(input_.prepare(kReadBytes), use_result);
    if (ec) break;
    dropped += count;
  }
}

void Session::enter(Phase phase) {
  phase_ = phase;
  const auto span = [&] {
    switch (phase) {
      case Phase::idle:
        return first_request_ ? times_.header : times_.idle;
      case Phase::header:
        return times_.header;
      case Phase::body:
        return times_.body;
      case Phase::handling:
        return std::chrono::milliseconds(std::chrono::hours(24));  // handlers have deadlines themselves
      case Phase::writing:
        return times_.write;
      case Phase::lingering:
        return times_.linger;
    }
    return times_.idle;
  }();
  deadline_ = Steady::now() + span;
}

void Session::advance_phase(const RequestParser& parser) {
  if (parser.is_header_done()) {
    if (phase_ != Phase::body) enter(Phase::body);
  } else if (phase_ == Phase::idle) {
    enter(Phase::header);
  }
}

bool Session::charge_body() {
  const std::size_t held = request_.body().size();
  if (held < kUnchargedBodyBytes || held <= charged_) return true;
  if (!budget_.take(held - charged_)) return false;
  charged_ = held;
  return true;
}

void Session::check_deadline(Steady::time_point now) {
  if (now < deadline_) return;
  timed_out_ = true;
  deadline_ = now + times_.write;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Session::drain() {
  draining_ = true;
  if (phase_ != Phase::idle) return;
  boost::system::error_code ignored;
  if (first_request_) {  // the client has just connected: its request is on the way
    deadline_ = std::min(deadline_, Steady::now() + kFirstRequestGrace);
  } else if (socket_.available(ignored) == 0) {
    socket_.cancel(ignored);
  }
}

void Session::abort() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  watch_.call_gone();
}

}  // namespace kriya::http::server
