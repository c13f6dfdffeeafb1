// A client that does exactly what a test tells it, byte for byte: for servers that must cope with bad ones.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kriya::tests {

/// One connection to 127.0.0.1. A read that takes longer than 20 s throws.
class TcpClient {
 public:
  /// A small `receive_buffer` makes the server wait for who does not read; 0: the system's.
  explicit TcpClient(std::uint16_t port, int receive_buffer = 0) {
    if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  TcpClient(const TcpClient&) = delete;
  ~TcpClient() { close(); }

  /// False when the server closed the connection.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  /// All up to `end`, and `end`; what follows is kept for the next call. Throws when the connection ends before.
  std::string read_until(std::string_view end, std::size_t at_once = 65'536) {
    std::size_t searched = 0;
    std::size_t found;
    while ((found = unread_.find(end, searched)) == std::string::npos) {
      searched = unread_.size() < end.size() ? 0 : unread_.size() - end.size();
      if (!receive(at_once)) throw std::runtime_error("the connection ended after: " + unread_.substr(0, 1'000));
    }
    std::string bytes = unread_.substr(0, found + end.size());
    unread_.erase(0, bytes.size());
    return bytes;
  }

  std::string read_to_end() {
    while (receive(65'536)) continue;
    return std::exchange(unread_, {});
  }

  /// The server sees the end of the requests; answers can still be read.
  void close_sending() { ::shutdown(socket_, SHUT_WR); }

  /// With `reset` the connection breaks instead of ending.
  void close(bool reset = false) {
    if (socket_ < 0) return;
    const linger none{.l_onoff = 1, .l_linger = 0};
    if (reset) ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    ::close(std::exchange(socket_, -1));
  }

 private:
  bool receive(std::size_t at_once) {
    pollfd wanted{.fd = socket_, .events = POLLIN, .revents = 0};
    constexpr int kMostMilliseconds = 20'000;
    if (::poll(&wanted, 1, kMostMilliseconds) != 1) throw std::runtime_error("nothing came after: " + unread_);
    const std::size_t before = unread_.size();
    unread_.resize(before + at_once);
    const auto count = ::recv(socket_, unread_.data() + before, at_once, 0);
    unread_.resize(before + static_cast<std::size_t>(count > 0 ? count : 0));
    return count > 0;
  }

  int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string unread_;
};

}  // namespace kriya::tests
