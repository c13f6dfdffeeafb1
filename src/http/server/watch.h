// Notices that the client goes away while its request is being answered.
#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "runtime/handoff.h"
#include "runtime/task.h"

namespace kriya::http::server {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

/// The end of what a client sends shows only to who reads: from `start` to `end` it reads ahead, and keeps the requests
/// that come early. A full buffer stops it; then a client that is gone shows when it is written to. Used by one I/O
/// thread; costs nothing before it starts.
class Watch {
 public:
  /// Appends to `input`, up to `most_bytes` and one read more. Both must outlive the watch, which must be ended.
  Watch(Socket& socket, boost::beast::flat_buffer& input, std::size_t most_bytes)
      : socket_(socket), input_(input), most_bytes_(most_bytes) {}
  Watch(const Watch&) = delete;

  /// Requested when the client has closed its side or the connection breaks. Again: the same token.
  std::stop_token start();

  /// Whether it was started and has not been ended.
  bool is_on() const { return gone_.stop_possible(); }
  bool is_gone() const { return gone_.stop_requested(); }

  /// Whether a read has found the end, then or in an earlier request. Reading again might wait for ever: an end is
  /// reported once.
  bool is_at_end() const { return at_end_; }

  /// The connection was seen to be lost, or is cut. Nothing happens when the watch is not on.
  void call_gone() { gone_.request_stop(); }

  /// Returns when nothing is read any more. No other operation of the socket may be under way.
  Task<void> end();

 private:
  void read();
  void take(const boost::system::error_code& error, std::size_t count);

  Socket& socket_;
  boost::beast::flat_buffer& input_;
  const std::size_t most_bytes_;
  std::stop_source gone_{std::nostopstate};
  bool reading_ = false;
  bool at_end_ = false;
  std::optional<Completion<bool>> ended_;  // somebody waits for the last read
};

}  // namespace kriya::http::server
