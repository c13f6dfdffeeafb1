#include "http/client/loop.h"

#include <new>

#include <pthread.h>
#include <signal.h>

namespace kriya::http::client {
namespace {

constexpr const char* kShuttingDown = "the client is shutting down";

}  // namespace

Loop::Library::Library() {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::bad_alloc();
}

Loop::Loop(Curl::Options options) : options_(std::move(options)), multi_(curl_multi_init()) {
  if (multi_ == nullptr) throw std::bad_alloc();
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 32L);  // kept for later calls
  thread_ = std::thread([this] { run(); });
}

void Loop::stop() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  curl_multi_wakeup(multi_.get());
  thread_.join();
}

Loop::Ticket Loop::add(std::unique_ptr<Transfer> transfer) {
  std::unique_lock lock(mutex_);
  const Ticket ticket = ++last_ticket_;
  if (stopping_) {
    lock.unlock();
    transfer->fail(kShuttingDown);
    return ticket;
  }
  orders_.push_back({.kind = Order::Kind::begin, .ticket = ticket, .transfer = std::move(transfer)});
  lock.unlock();
  curl_multi_wakeup(multi_.get());
  return ticket;
}

void Loop::order(Order order) {
  {
    const std::scoped_lock lock(mutex_);
    orders_.push_back(std::move(order));
  }
  curl_multi_wakeup(multi_.get());
}

void Loop::run() {
  pthread_setname_np(pthread_self(), "http-client");
  sigset_t all;  // signals are for the main thread; SIGPIPE, which a lost connection may raise, is for nobody
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (follow_orders()) {
    int running = 0;
    CURLMcode code = curl_multi_perform(multi_.get(), &running);
    finish_what_is_done();
    constexpr int kMostMilliseconds = 60'000;  // libcurl wakes sooner for its own timers, and for orders
    if (code == CURLM_OK) code = curl_multi_poll(multi_.get(), nullptr, 0, kMostMilliseconds, nullptr);
    if (code != CURLM_OK) fail_all(curl_multi_strerror(code));
  }
  fail_all(kShuttingDown);
}

bool Loop::follow_orders() {
  std::vector<Order> orders;
  bool stopping = false;
  {
    const std::scoped_lock lock(mutex_);
    orders.swap(orders_);
    stopping = stopping_;
  }
  for (auto& order : orders) {
    if (!stopping) {
      follow(std::move(order));
    } else if (order.transfer != nullptr) {
      order.transfer->fail(kShuttingDown);
    }
  }
  return !stopping;
}

void Loop::follow(Order order) {
  if (order.kind == Order::Kind::begin) return begin(order.ticket, std::move(order.transfer));
  const auto found = under_way_.find(order.ticket);
  if (found == under_way_.end()) return;
  if (order.kind == Order::Kind::go_on) {
    curl_easy_pause(found->second->easy(), CURLPAUSE_CONT);  // a failure shows in the next turn
  } else {
    take(order.ticket)->give_up();
  }
}

void Loop::begin(Ticket ticket, std::unique_ptr<Transfer> transfer) {
  if (under_way_.size() >= options_.most_calls) return transfer->fail("too many calls are under way");
  if (auto unsent = transfer->prepare(ticket, options_)) return transfer->fail(*std::move(unsent));
  const CURLMcode code = curl_multi_add_handle(multi_.get(), transfer->easy());
  if (code != CURLM_OK) return transfer->fail(curl_multi_strerror(code));
  under_way_.emplace(ticket, std::move(transfer));
}

void Loop::finish_what_is_done() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message goes with the handle
    take(Transfer::of(message->easy_handle).ticket())->finish(code);
  }
}

void Loop::fail_all(const std::string& detail) {
  while (!under_way_.empty()) take(under_way_.begin()->first)->fail(detail);
}

std::unique_ptr<Transfer> Loop::take(Ticket ticket) {
  auto transfer = std::move(under_way_.extract(ticket).mapped());
  curl_multi_remove_handle(multi_.get(), transfer->easy());
  return transfer;
}

}  // namespace kriya::http::client
