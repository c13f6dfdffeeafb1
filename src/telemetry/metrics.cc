#include "telemetry/metrics.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

namespace kriya::telemetry {
namespace {

std::atomic<std::size_t> next_shard{0};

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double open_files() {
  std::error_code ignored;
  const std::filesystem::directory_iterator files("/proc/self/fd", ignored);
  return static_cast<double>(std::distance(begin(files), end(files)));
}

std::vector<prometheus::ClientMetric::Label> to_prometheus(const Labels& labels) {
  std::vector<prometheus::ClientMetric::Label> out;
  for (const auto& [name, value] : labels) out.push_back({name, value});
  return out;
}

}  // namespace

std::size_t metric_shard() {
  thread_local const std::size_t shard = next_shard.fetch_add(1) % kShards;
  return shard;
}

std::uint64_t Counter::total() const {
  std::uint64_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.value.load(std::memory_order_relaxed);
  return sum;
}

void Histogram::observe(double seconds) {
  const auto bucket =
      static_cast<std::size_t>(std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin());
  Shard& shard = shards_[metric_shard()];
  shard.counts[bucket].fetch_add(1, std::memory_order_relaxed);
  shard.sum_nanos.fetch_add(static_cast<std::uint64_t>(seconds * 1e9), std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot snapshot;
  for (const Shard& shard : shards_) {
    for (std::size_t i = 0; i < shard.counts.size(); ++i) {
      snapshot.counts[i] += shard.counts[i].load(std::memory_order_relaxed);
    }
    snapshot.sum += static_cast<double>(shard.sum_nanos.load(std::memory_order_relaxed)) / 1e9;
  }
  return snapshot;
}

struct Metrics::Family {
  struct Series {
    Labels labels;
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> gauge;
  };

  std::string name;
  std::string help;
  prometheus::MetricType type;
  std::vector<Series> series;

  Series& at(const Labels& labels) {
    const auto found = std::ranges::find(series, labels, &Series::labels);
    if (found != series.end()) return *found;
    series.push_back({labels, nullptr, nullptr, nullptr});
    return series.back();
  }

  prometheus::MetricFamily collect() const {
    prometheus::MetricFamily out{name, help, type, {}};
    for (const Series& one : series) {
      prometheus::ClientMetric metric;
      metric.label = to_prometheus(one.labels);
      if (one.counter) metric.counter.value = static_cast<double>(one.counter->total());
      if (one.gauge) metric.gauge.value = one.gauge();
      if (one.histogram) fill(metric.histogram, one.histogram->snapshot());
      out.metric.push_back(std::move(metric));
    }
    return out;
  }

  static void fill(prometheus::ClientMetric::Histogram& out, const Histogram::Snapshot& snapshot) {
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
      cumulative += snapshot.counts[i];
      out.bucket.push_back({cumulative, Histogram::kBounds[i]});
    }
    out.sample_count = cumulative + snapshot.counts.back();
    out.bucket.push_back({out.sample_count, std::numeric_limits<double>::infinity()});
    out.sample_sum = snapshot.sum;
  }
};

Metrics::Metrics() {
  gauge("process_resident_memory_bytes", "Resident memory.", resident_bytes);
  gauge("process_open_fds", "Open file descriptors.", open_files);
  gauge("process_cpu_seconds_total", "User and system CPU time spent.", cpu_seconds);
  const auto started = static_cast<double>(std::time(nullptr));
  gauge("process_start_time_seconds", "Start of the process, seconds since 1970.", [started] { return started; });
}

Metrics::~Metrics() = default;

Metrics::Family& Metrics::family(const std::string& name, const std::string& help, int type) {
  const auto found = std::ranges::find_if(families_, [&](const auto& one) { return one->name == name; });
  const auto wanted = static_cast<prometheus::MetricType>(type);
  if (found == families_.end()) {
    families_.push_back(std::make_unique<Family>(Family{name, help, wanted, {}}));
    return *families_.back();
  }
  if ((*found)->type != wanted) throw std::logic_error("metric " + name + " is registered with two types");
  return **found;
}

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  auto& series = family(name, help, static_cast<int>(prometheus::MetricType::Counter)).at(labels);
  if (!series.counter) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

Histogram& Metrics::histogram(const std::string& name, const std::string& help, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  auto& series = family(name, help, static_cast<int>(prometheus::MetricType::Histogram)).at(labels);
  if (!series.histogram) series.histogram = std::make_unique<Histogram>();
  return *series.histogram;
}

void Metrics::gauge(const std::string& name, const std::string& help, std::function<double()> read,
                    const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  family(name, help, static_cast<int>(prometheus::MetricType::Gauge)).at(labels).gauge = std::move(read);
}

std::string Metrics::render() const {
  std::vector<prometheus::MetricFamily> families;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& one : families_) families.push_back(one->collect());
  }
  return prometheus::TextSerializer{}.Serialize(families);
}

}  // namespace kriya::telemetry
