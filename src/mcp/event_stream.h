// The messages of one stream of a legacy session, kept for a while so that a client that lost the connection can go on
// where it was (Last-Event-ID).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/mailbox.h"

namespace kriya::mcp {

/// Bytes that all streams of this process may keep together. Any thread.
class KeptBytes {
 public:
  explicit KeptBytes(std::size_t most) : most_(most) {}
  bool take(std::size_t count);
  void give_back(std::size_t count) { taken_ -= count; }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> taken_ = 0;
};

/// Where in a session an event stands; `<stream>-<number>` as the id of an event. Number 0 is the stream's beginning.
struct EventId {
  std::uint64_t stream = 0;
  std::uint64_t number = 0;

  std::string str() const { return std::to_string(stream) + "-" + std::to_string(number); }
  static std::optional<EventId> parse(std::string_view text);
};

/// Whoever writes to the stream and whoever reads it may be on different threads.
class EventStream {
 public:
  struct Event {
    EventId id;
    std::string data;
    bool last = false;  // the answer: nothing follows
  };
  using Reader = std::shared_ptr<Mailbox<Event>>;

  EventStream(std::uint64_t number, std::shared_ptr<KeptBytes> budget) : number_(number), budget_(std::move(budget)) {}
  ~EventStream();
  EventStream(const EventStream&) = delete;

  std::uint64_t number() const { return number_; }

  /// To the reader, and kept. Nothing happens after the last one.
  void put(std::string data, bool last = false);

  /// Gives what came after event `after`, then what comes. There is one reader at a time: the one before is closed.
  /// Null: something after that is not kept any more.
  Reader attach(Executor executor, std::uint64_t after);

  /// Takes the reader off, if it still is the one.
  void detach(const Reader& reader);

  /// Ends the connection of the reader, not the stream.
  void close_reader();

  bool has_reader() const;
  std::uint64_t last_number() const;  // of the event that was put last
  bool is_finished() const;

 private:
  void keep(const Event& event);
  void drop_oldest();

  static constexpr std::size_t kMostEvents = 256;
  static constexpr std::size_t kMostBytes = 256 * 1024;

  const std::uint64_t number_;
  const std::shared_ptr<KeptBytes> budget_;
  mutable std::mutex mutex_;  // for all that follows
  std::deque<Event> kept_;
  std::size_t kept_bytes_ = 0;
  std::uint64_t last_number_ = 0;
  bool finished_ = false;
  Reader reader_;
};

}  // namespace kriya::mcp
