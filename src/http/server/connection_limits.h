// How many connections there may be, in all and from one address, and how much they may make the server hold.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

namespace kriya::http::server {

/// Shared by all I/O threads; asked once a connection, never once a request. One IPv6 network of 64 bits counts as one
/// address: its owner has all of them.
class ConnectionLimits {
 public:
  /// Addresses for which `exempt` holds (trusted proxies, which speak for many) count in all only.
  ConnectionLimits(std::size_t in_all, std::size_t per_address, std::function<bool(const std::string&)> exempt)
      : in_all_(in_all), per_address_(per_address), exempt_(std::move(exempt)) {}

  bool admit(const std::string& address);
  void release(const std::string& address);

  std::size_t open() const { return open_.load(); }

 private:
  const std::size_t in_all_;
  const std::size_t per_address_;
  const std::function<bool(const std::string&)> exempt_;
  std::atomic<std::size_t> open_{0};
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> by_owner_;
};

/// The bytes of unfinished bodies that all connections together may hold. Small bodies are not counted: what counts is
/// many clients that send large ones slowly.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t bytes) : left_(static_cast<std::int64_t>(bytes)) {}

  /// Takes `bytes` from the budget; false, and nothing taken, when so many are not left.
  bool take(std::size_t bytes) {
    const auto wanted = static_cast<std::int64_t>(bytes);
    if (left_.fetch_sub(wanted) >= wanted) return true;
    left_.fetch_add(wanted);
    return false;
  }
  void give_back(std::size_t bytes) { left_.fetch_add(static_cast<std::int64_t>(bytes)); }

 private:
  std::atomic<std::int64_t> left_;
};

}  // namespace kriya::http::server
