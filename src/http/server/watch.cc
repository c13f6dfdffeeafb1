#include "http/server/watch.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace kriya::http::server {
namespace {

constexpr std::size_t kWatchedBytes = 4 * 1024;

}  // namespace

std::stop_token Watch::start() {
  if (!is_on()) {
    gone_ = std::stop_source();
    if (input_.size() < most_bytes_) read();
  }
  return gone_.get_token();
}

void Watch::read() {
  const auto room = input_.prepare(kWatchedBytes);  // throws, should it ever be too much
  reading_ = true;
  socket_.async_read_some(room,
                          [this](const boost::system::error_code& error, std::size_t count) { take(error, count); });
}

void Watch::take(const boost::system::error_code& error, std::size_t count) {
  reading_ = false;
  input_.commit(count);
  at_end_ = error && error != asio::error::operation_aborted;
  if (ended_) {  // the last: nobody asks any more
    auto ended = std::exchange(ended_, std::nullopt);
    return (*ended)(true);
  }
  if (error) return call_gone();
  if (input_.size() < most_bytes_) read();
}

Task<void> Watch::end() {
  if (reading_) {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
    co_await handoff<bool>([this](Completion<bool> done) { ended_ = std::move(done); });
  }
  gone_ = std::stop_source(std::nostopstate);
}

}  // namespace kriya::http::server
