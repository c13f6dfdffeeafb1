#include "storage/ephemeral/memory.h"

#include <algorithm>
#include <functional>
#include <mutex>

#include <boost/multi_index/member.hpp>
#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index_container.hpp>

#include "storage/ephemeral/gcra.h"

namespace kriya::storage::ephemeral {

/// Buckets by key, and by the time at which they are full: those that are full already come first. Both orders are
/// trees, because clients choose part of the keys and could aim at one chain of a hash table.
class Memory::Shard {
 public:
  explicit Shard(std::size_t max_buckets) : max_buckets_(max_buckets) {}

  Taken take(std::string key, Rate rate, Timestamp now) {
    const std::scoped_lock lock(mutex_);
    drop_some_full(now);
    auto& by_key = entries_.get<0>();
    const auto found = by_key.find(key);
    Bucket bucket = found == by_key.end() ? Bucket() : Bucket{found->full_at};
    const Taken taken = take_from(bucket, rate, now);
    if (!taken.allowed) return taken;
    if (found == by_key.end()) {
      add({std::move(key), bucket.full_at});
    } else {
      by_key.modify(found, [&](Entry& entry) { entry.full_at = bucket.full_at; });
    }
    return taken;
  }

  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return entries_.size();
  }

 private:
  struct Entry {
    std::string key;
    Timestamp full_at;
  };
  using Entries = boost::multi_index_container<
      Entry,
      boost::multi_index::indexed_by<
          boost::multi_index::ordered_unique<boost::multi_index::member<Entry, std::string, &Entry::key>>,
          boost::multi_index::ordered_non_unique<boost::multi_index::member<Entry, Timestamp, &Entry::full_at>>>>;

  /// Two for each one that may be added: the full ones always dwindle, and no single request pays for a crowd.
  void drop_some_full(Timestamp now) {
    auto& by_time = entries_.get<1>();
    for (int i = 0; i < 2 && !by_time.empty() && by_time.begin()->full_at <= now; ++i) by_time.erase(by_time.begin());
  }

  void add(Entry entry) {
    auto& by_time = entries_.get<1>();
    if (entries_.size() >= max_buckets_) by_time.erase(by_time.begin());
    entries_.insert(std::move(entry));
  }

  const std::size_t max_buckets_;
  mutable std::mutex mutex_;
  Entries entries_;
};

Memory::Memory(const Clock& clock, std::size_t max_buckets) : clock_(clock) {
  for (auto& shard : shards_) shard = std::make_unique<Shard>(std::max<std::size_t>(max_buckets / kShards, 1));
}

Memory::~Memory() = default;

Task<Result<Taken>> Memory::take(std::string key, Rate rate, Deadline) {
  Shard& shard = *shards_[std::hash<std::string>{}(key) % kShards];
  co_return shard.take(std::move(key), rate, clock_.now());
}

Task<Result<void>> Memory::publish(std::string channel, std::string message, Deadline) {
  channels_.publish(channel, std::move(message));
  co_return Result<void>();
}

std::unique_ptr<Ephemeral::Subscription> Memory::subscribe(std::string channel, OnMessage on_message) {
  return channels_.subscribe(std::move(channel), std::move(on_message));
}

Task<Result<void>> Memory::ping(Deadline) { co_return Result<void>(); }

std::size_t Memory::buckets() const {
  std::size_t sum = 0;
  for (const auto& shard : shards_) sum += shard->size();
  return sum;
}

}  // namespace kriya::storage::ephemeral
