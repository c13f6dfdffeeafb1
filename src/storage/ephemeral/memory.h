// The ephemeral store of one process alone: counters and messages that no other instance sees.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "base/time.h"
#include "storage/ephemeral/channels.h"
#include "storage/ephemeral/ephemeral.h"

namespace kriya::storage::ephemeral {

/// Never away: no call fails. `OnMessage` must not throw here. The clock must outlive it.
class Memory final : public Ephemeral {
 public:
  static constexpr std::size_t kMaxBuckets = 1'000'000;

  /// Holds at most about `max_buckets` buckets. One more pushes out the one that is nearest to full, which costs least:
  /// its owner gets back the few requests that were taken from it.
  explicit Memory(const Clock& clock, std::size_t max_buckets = kMaxBuckets);
  ~Memory() override;

  Task<Result<Taken>> take(std::string key, Rate rate, Deadline deadline) override;
  Task<Result<void>> publish(std::string channel, std::string message, Deadline deadline) override;
  std::unique_ptr<Subscription> subscribe(std::string channel, OnMessage on_message) override;
  Task<Result<void>> ping(Deadline deadline) override;

  /// How many buckets are held, full ones that were not yet dropped included.
  std::size_t buckets() const;

 private:
  // Enough that a few threads seldom meet.
  static constexpr std::size_t kShards = 64;
  class Shard;

  const Clock& clock_;
  std::array<std::unique_ptr<Shard>, kShards> shards_;
  Channels channels_;
};

}  // namespace kriya::storage::ephemeral
