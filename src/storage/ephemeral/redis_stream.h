// Bytes to and from Redis: one TCP or TLS connection, from the name look-up to its end.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "runtime/task.h"
#include "storage/ephemeral/redis_options.h"
#include "storage/ephemeral/redis_protocol.h"

namespace kriya::storage::ephemeral {

/// A failure says why in words for the operator's log; never a secret.
template <class T>
using Attempt = tl::expected<T, std::string>;

/// What all connections share. Reading the certificates takes long, so it is done once, at start.
class RedisEndpoint {
 public:
  explicit RedisEndpoint(RedisOptions options);

  const RedisOptions& options() const { return options_; }
  std::string address() const;                             // "cache:6379": safe to show
  asio::ssl::context& tls() { return *tls_; }              // only with options().tls; streams of any thread may use it
  const std::string& problem() const { return problem_; }  // why no TLS can work; empty when it can

 private:
  RedisOptions options_;
  std::optional<asio::ssl::context> tls_;
  std::string problem_;
};

/// Made, used and destroyed on the thread of its io_context.
class RedisStream : public std::enable_shared_from_this<RedisStream> {
 public:
  RedisStream(asio::io_context& context, std::shared_ptr<RedisEndpoint> endpoint);

  /// Looks the name up (on Asio's own thread), connects and, with TLS, checks who answers. Once.
  Task<Attempt<void>> connect();

  /// Queues bytes. What is queued in one turn of the loop, or while a write is under way, goes out in one write.
  void send(std::string_view bytes);

  /// Waits for bytes and feeds them to the reader.
  Task<Attempt<void>> receive(ReplyReader& reader);

  /// What `connect` is about: "name look-up", "TCP" or "TLS".
  std::string_view step() const { return step_; }

  /// Ends what is under way with a failure. A failed write closes, too, so `receive` tells of both.
  void close();

 private:
  using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
  using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;
  using Endpoints = std::vector<asio::ip::tcp::endpoint>;

  Task<Attempt<Endpoints>> resolve();
  Task<Attempt<void>> greet();
  void write_queued();

  std::shared_ptr<RedisEndpoint> endpoint_;
  Resolver resolver_;
  Socket socket_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
  std::string queued_;
  std::string being_written_;
  std::string_view step_ = "name look-up";
  bool writing_ = false;
  bool closed_ = false;
  std::array<char, 16 * 1024> received_;
};

}  // namespace kriya::storage::ephemeral
