#include "mcp/session.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "mcp/protocol.h"

namespace kriya::mcp {

Session::Session(std::string id, std::string subject, SessionTerms terms, json::object client,
                 std::shared_ptr<KeptBytes> budget)
    : id_(std::move(id)),
      subject_(std::move(subject)),
      terms_(std::move(terms)),
      client_(std::move(client)),
      log_name_(hex_encode(crypto::sha256(id_)).substr(0, 32)),
      budget_(std::move(budget)),
      own_stream_(std::make_shared<EventStream>(0, budget_)) {}

Session::~Session() { close(); }

LogLevel Session::log_level() const {
  const std::lock_guard lock(mutex_);
  return log_level_;
}

void Session::set_log_level(LogLevel level) {
  const std::lock_guard lock(mutex_);
  log_level_ = level;
}

bool Session::subscribe(std::string uri) {
  const std::lock_guard lock(mutex_);
  if (subscriptions_.size() >= kMostSubscriptions && !subscriptions_.contains(uri)) return false;
  subscriptions_.insert(std::move(uri));
  return true;
}

void Session::unsubscribe(const std::string& uri) {
  const std::lock_guard lock(mutex_);
  subscriptions_.erase(uri);
}

std::shared_ptr<EventStream> Session::open_stream() {
  const std::lock_guard lock(mutex_);
  auto finished = std::ranges::count_if(streams_, [](const auto& entry) { return entry.second->is_finished(); });
  for (auto it = streams_.begin(); it != streams_.end() && finished > std::ptrdiff_t{kFinishedStreams};) {
    if (it->second->is_finished()) {
      it = streams_.erase(it);
      --finished;
    } else {
      ++it;
    }
  }
  auto stream = std::make_shared<EventStream>(++last_stream_, budget_);
  streams_.emplace(last_stream_, stream);
  return stream;
}

void Session::forget(const EventStream& stream) {
  const std::lock_guard lock(mutex_);
  streams_.erase(stream.number());
}

std::shared_ptr<EventStream> Session::find_stream(std::uint64_t number) const {
  if (number == 0) return own_stream_;
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(number);
  return found == streams_.end() ? nullptr : found->second;
}

bool Session::begin(const RequestId& id, std::stop_source stop) {
  const std::lock_guard lock(mutex_);
  if (closed_ || running_.size() >= kMostRunning) return false;
  return running_.emplace(id, std::move(stop)).second;
}

void Session::end(const RequestId& id) {
  const std::lock_guard lock(mutex_);
  running_.erase(id);
}

void Session::cancel(const RequestId& id) {
  const std::stop_source stop = stop_of(id);
  stop.request_stop();  // without the lock: whoever is called back may use the session
}

std::stop_source Session::stop_of(const RequestId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(id);
  return found == running_.end() ? std::stop_source(std::nostopstate) : found->second;
}

Session::Question Session::ask(Executor executor) {
  const std::lock_guard lock(mutex_);
  auto box = std::make_shared<Mailbox<RpcResponse>>(executor);
  if (closed_) box->close();
  questions_.emplace(++last_question_, box);
  return {last_question_, std::move(box)};
}

void Session::answer(RpcResponse response) {
  const auto* number = response.id ? std::get_if<std::int64_t>(&*response.id) : nullptr;
  if (number == nullptr) return;
  const std::lock_guard lock(mutex_);
  const auto found = questions_.find(*number);
  if (found == questions_.end()) return;
  found->second->put(std::move(response));
  found->second->close();
  questions_.erase(found);
}

void Session::forget(const Question& question) {
  const std::lock_guard lock(mutex_);
  questions_.erase(std::get<std::int64_t>(question.id));
}

void Session::tell(const Change& change) {
  if (change.kind == Change::Kind::resource) {
    {
      const std::lock_guard lock(mutex_);
      if (!subscriptions_.contains(change.uri)) return;
    }
    own_stream_->put(write_notification(notification_of(change.kind), {{"uri", change.uri}}));
  } else {
    own_stream_->put(write_notification(notification_of(change.kind)));
  }
}

bool Session::is_busy() const {
  const std::lock_guard lock(mutex_);
  return !running_.empty() || own_stream_->has_reader();
}

void Session::close() {
  std::map<RequestId, std::stop_source> running;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    running = running_;
    for (const auto& [number, box] : questions_) box->close();
    for (const auto& [number, stream] : streams_) stream->close_reader();
  }
  own_stream_->close_reader();
  for (auto& [id, stop] : running) stop.request_stop();
}

}  // namespace kriya::mcp
