#include "storage/ephemeral/redis_stream.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <netinet/tcp.h>

namespace kriya::storage::ephemeral {
namespace {

using boost::system::error_code;

// A peer that vanished without a word is noticed after some 45 s, also where nothing is asked.
constexpr int kKeepAliveIdleSeconds = 30;
constexpr int kKeepAliveEverySeconds = 5;
constexpr int kKeepAliveProbes = 3;

tl::unexpected<std::string> cause(std::string_view step, const error_code& ec) {
  return tl::unexpected(std::string(step) + ": " + ec.message());
}

bool is_address(const std::string& host) {
  error_code ec;
  asio::ip::make_address(host, ec);
  return !ec;
}

void tune(int socket) {
  const auto set = [&](int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof value);  // a wish, not a need
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveEverySeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

/// The certificate must be for this very host (RFC 6125), and the name is told to servers that have several (SNI).
void expect_host(SSL* session, const std::string& host) {
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str());
    return;
  }
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(session, host.c_str());
  SSL_set_tlsext_host_name(session, host.c_str());
}

}  // namespace

RedisEndpoint::RedisEndpoint(RedisOptions options) : options_(std::move(options)) {
  if (!options_.tls) return;
  tls_.emplace(asio::ssl::context::tls_client);
  tls_->set_verify_mode(asio::ssl::verify_peer);
  SSL_CTX_set_min_proto_version(tls_->native_handle(), TLS1_2_VERSION);
  error_code ec;
  if (options_.ca_file.empty()) {
    tls_->set_default_verify_paths(ec);
  } else {
    tls_->load_verify_file(options_.ca_file.string(), ec);
  }
  if (ec) problem_ = "cannot read the certificates of trusted authorities: " + ec.message();
}

std::string RedisEndpoint::address() const {
  const bool ipv6 = options_.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + options_.host + "]" : options_.host) + ":" + std::to_string(options_.port);
}

RedisStream::RedisStream(asio::io_context& context, std::shared_ptr<RedisEndpoint> endpoint)
    : endpoint_(std::move(endpoint)), resolver_(context.get_executor()), socket_(context.get_executor()) {}

Task<Attempt<void>> RedisStream::connect() {
  if (!endpoint_->problem().empty()) co_return tl::unexpected(endpoint_->problem());
  const auto endpoints = co_await resolve();
  if (!endpoints) co_return tl::unexpected(endpoints.error());
  if (closed_) co_return tl::unexpected(std::string("given up"));
  step_ = "TCP";
  const auto [ec, connected] = co_await asio::async_connect(socket_, *endpoints, use_result);
  if (ec) co_return cause(step_, ec);
  tune(socket_.native_handle());
  if (!endpoint_->options().tls) co_return Attempt<void>();
  co_return co_await greet();
}

Task<Attempt<RedisStream::Endpoints>> RedisStream::resolve() {
  const RedisOptions& options = endpoint_->options();
  error_code no_address;
  const auto address = asio::ip::make_address(options.host, no_address);
  if (!no_address) co_return Endpoints{{address, options.port}};
  const auto [ec, found] = co_await resolver_.async_resolve(options.host, std::to_string(options.port), use_result);
  if (ec) co_return cause(step_, ec);
  Endpoints endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

Task<Attempt<void>> RedisStream::greet() {
  step_ = "TLS";
  tls_.emplace(socket_, endpoint_->tls());
  expect_host(tls_->native_handle(), endpoint_->options().host);
  const auto [ec] = co_await tls_->async_handshake(asio::ssl::stream_base::client, use_result);
  if (!ec) co_return Attempt<void>();
  const long verdict = SSL_get_verify_result(tls_->native_handle());
  if (verdict == X509_V_OK) co_return cause(step_, ec);
  co_return tl::unexpected(std::string("TLS: its certificate is refused: ") + X509_verify_cert_error_string(verdict));
}

void RedisStream::send(std::string_view bytes) {
  queued_ += bytes;
  if (writing_) return;
  writing_ = true;
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->write_queued(); });
}

void RedisStream::write_queued() {
  being_written_.clear();
  writing_ = !closed_ && !queued_.empty();
  if (!writing_) return;
  being_written_.swap(queued_);
  const auto written = [self = shared_from_this()](const error_code& ec, std::size_t) {
    if (ec) self->close();
    self->write_queued();
  };
  if (tls_) {
    asio::async_write(*tls_, asio::buffer(being_written_), written);
  } else {
    asio::async_write(socket_, asio::buffer(being_written_), written);
  }
}

Task<Attempt<void>> RedisStream::receive(ReplyReader& reader) {
  error_code ec;
  std::size_t size = 0;
  if (tls_) {
    std::tie(ec, size) = co_await tls_->async_read_some(asio::buffer(received_), use_result);
  } else {
    std::tie(ec, size) = co_await socket_.async_read_some(asio::buffer(received_), use_result);
  }
  if (ec) co_return cause("the connection ended", ec);
  reader.feed({received_.data(), size});
  co_return Attempt<void>();
}

void RedisStream::close() {
  closed_ = true;
  resolver_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace kriya::storage::ephemeral
