#include "mcp/event_stream.h"

#include <charconv>

namespace kriya::mcp {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

}  // namespace

bool KeptBytes::take(std::size_t count) {
  if (taken_.fetch_add(count) + count <= most_) return true;
  taken_ -= count;
  return false;
}

std::optional<EventId> EventId::parse(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto stream = parse_number(text.substr(0, dash));
  const auto number = parse_number(text.substr(dash + 1));
  if (!stream || !number) return std::nullopt;
  return EventId{*stream, *number};
}

EventStream::~EventStream() {
  budget_->give_back(kept_bytes_);
  if (reader_) reader_->close();
}

void EventStream::put(std::string data, bool last) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  finished_ = last;
  Event event{{number_, ++last_number_}, std::move(data), last};
  keep(event);
  if (!reader_) return;
  reader_->put(std::move(event));
  if (last) reader_->close();
}

EventStream::Reader EventStream::attach(Executor executor, std::uint64_t after) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t first_kept = kept_.empty() ? last_number_ + 1 : kept_.front().id.number;
  if (after > last_number_ || after + 1 < first_kept) return nullptr;
  if (reader_) reader_->close();
  reader_ = std::make_shared<Mailbox<Event>>(executor);
  for (const Event& event : kept_) {
    if (event.id.number > after) reader_->put(event);
  }
  if (finished_) reader_->close();
  return reader_;
}

void EventStream::detach(const Reader& reader) {
  const std::lock_guard lock(mutex_);
  if (reader_ == reader) reader_ = nullptr;
}

void EventStream::close_reader() {
  const std::lock_guard lock(mutex_);
  if (reader_) reader_->close();
  reader_ = nullptr;
}

bool EventStream::has_reader() const {
  const std::lock_guard lock(mutex_);
  return reader_ != nullptr;
}

std::uint64_t EventStream::last_number() const {
  const std::lock_guard lock(mutex_);
  return last_number_;
}

bool EventStream::is_finished() const {
  const std::lock_guard lock(mutex_);
  return finished_;
}

/// What does not fit is not kept, nor is anything before it: a client is never given a stream with a hole.
void EventStream::keep(const Event& event) {
  const std::size_t bytes = event.data.size();
  while (!kept_.empty() && (kept_.size() >= kMostEvents || kept_bytes_ + bytes > kMostBytes)) drop_oldest();
  if (bytes > kMostBytes || !budget_->take(bytes)) {
    while (!kept_.empty()) drop_oldest();
    return;
  }
  kept_.push_back(event);
  kept_bytes_ += bytes;
}

void EventStream::drop_oldest() {
  const std::size_t bytes = kept_.front().data.size();
  budget_->give_back(bytes);
  kept_bytes_ -= bytes;
  kept_.pop_front();
}

}  // namespace kriya::mcp
