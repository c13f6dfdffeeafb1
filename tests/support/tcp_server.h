// A server that does exactly what a test tells it, byte for byte: for clients that must cope with bad ones.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/self_signed_certificate.h"

namespace kriya::tests {

/// Listens on a free port of 127.0.0.1. Each connection is served on a thread of its own and closed afterwards.
class TcpServer {
 public:
  class Connection {
   public:
    Connection(int socket, int number) : number(number), socket_(socket) {}

    /// Header block and body by Content-Length, as they came; "" when the client closed the connection.
    std::string read_request() {
      std::string bytes;
      std::size_t wanted = std::string::npos;
      while (bytes.size() < wanted) {
        char piece[4096];
        const auto count =
            ssl_ == nullptr ? ::recv(socket_, piece, sizeof piece, 0) : SSL_read(ssl_.get(), piece, sizeof piece);
        if (count <= 0) return "";
        bytes.append(piece, static_cast<std::size_t>(count));
        const auto end = bytes.find("\r\n\r\n");
        if (wanted != std::string::npos || end == std::string::npos) continue;
        const auto length = bytes.find("Content-Length: ");
        wanted = end + 4 + (length < end ? std::strtoul(bytes.c_str() + length + 16, nullptr, 10) : 0);
      }
      return bytes;
    }

    /// False when the client closed the connection.
    bool write(std::string_view bytes) {
      while (!bytes.empty()) {
        const auto count = ssl_ == nullptr ? ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                                           : SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
      }
      return true;
    }

    bool answer(std::string_view body, std::string_view more_headers = "") {
      return write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
                   std::string(more_headers) + "\r\n" + std::string(body));
    }

    /// Returns when the client, or the end of the server, closes the connection.
    void wait_for_close() {
      char byte;
      while (::recv(socket_, &byte, 1, 0) > 0) continue;
    }

    const int number;  // 0 for the first

   private:
    friend TcpServer;
    int socket_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
  };

  using Serve = std::function<void(Connection&)>;

  explicit TcpServer(Serve serve, const SelfSignedCertificate* certificate = nullptr) : serve_(std::move(serve)) {
    if (certificate != nullptr) {
      tls_.reset(SSL_CTX_new(TLS_server_method()));
      SSL_CTX_use_certificate(tls_.get(), certificate->certificate());
      SSL_CTX_use_PrivateKey(tls_.get(), certificate->key());
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 512) != 0 || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    accepter_ = std::thread([this] { accept_all(); });
  }

  /// Closes every connection, and waits until they have been served.
  ~TcpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    accepter_.join();
    ::close(listener_);
    {
      const std::scoped_lock lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
  }

  std::string url(std::string_view path = "/") const {
    return (tls_ == nullptr ? "http://127.0.0.1:" : "https://localhost:") + std::to_string(port_) + std::string(path);
  }
  std::uint16_t port() const { return port_; }

 private:
  void accept_all() {
    for (int number = 0;; ++number) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      const std::scoped_lock lock(mutex_);
      open_.push_back(socket);
      threads_.emplace_back([this, socket, number] { serve(socket, number); });
    }
  }

  void serve(int socket, int number) {
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);  // OpenSSL's writes
    {
      Connection connection(socket, number);
      bool open = true;
      if (tls_ != nullptr) {
        connection.ssl_.reset(SSL_new(tls_.get()));
        SSL_set_fd(connection.ssl_.get(), socket);
        open = SSL_accept(connection.ssl_.get()) == 1;
      }
      if (open) serve_(connection);
      if (open && tls_ != nullptr) SSL_shutdown(connection.ssl_.get());
    }
    const std::scoped_lock lock(mutex_);
    open_.remove(socket);
    ::close(socket);
  }

  Serve serve_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls_{nullptr, &SSL_CTX_free};
  int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::list<int> open_;               // under the mutex
  std::vector<std::thread> threads_;  // under the mutex
  std::thread accepter_;
};

}  // namespace kriya::tests
