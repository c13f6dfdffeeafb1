// Counters and histograms that many threads update without touching each other's cache lines, in Prometheus text.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace kriya::telemetry {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// The slot of the calling thread among `kShards`; threads beyond that share.
std::size_t metric_shard();
constexpr std::size_t kShards = 8;

class Counter {
 public:
  void add(std::uint64_t amount = 1) { shards_[metric_shard()].value.fetch_add(amount, std::memory_order_relaxed); }
  std::uint64_t total() const;

 private:
  struct alignas(64) Shard {
    std::atomic<std::uint64_t> value{0};
  };
  std::array<Shard, kShards> shards_;
};

/// Seconds, in fixed buckets from 50 µs to 10 s.
class Histogram {
 public:
  static constexpr std::array<double, 16> kBounds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                  0.025,   0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   10.0};
  void observe(double seconds);

  struct Snapshot {
    std::array<std::uint64_t, kBounds.size() + 1> counts{};  // not cumulative; the last is above all bounds
    double sum = 0;
  };
  Snapshot snapshot() const;

 private:
  struct alignas(64) Shard {
    std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts{};
    std::atomic<std::uint64_t> sum_nanos{0};
  };
  std::array<Shard, kShards> shards_;
};

/// Owns the program's metrics. Register at start-up, update from anywhere, render on a scrape.
class Metrics {
 public:
  Metrics();  // adds the process's own figures (memory, CPU, open files, start time)
  ~Metrics();

  /// The same name and labels give the same counter. The reference lives as long as this object.
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels = {});

  /// A value read at scrape time, e.g. a queue's length.
  void gauge(const std::string& name, const std::string& help, std::function<double()> read, const Labels& labels = {});

  /// Prometheus text format 0.0.4.
  std::string render() const;

 private:
  struct Family;
  Family& family(const std::string& name, const std::string& help, int type);

  mutable std::mutex mutex_;  // guards the list of families, never an update
  std::vector<std::unique_ptr<Family>> families_;
};

}  // namespace kriya::telemetry
