#include "telemetry/metrics.h"

#include <thread>

#include <gtest/gtest.h>

namespace kriya::telemetry {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, CountWhatManyThreadsAdd) {
  Metrics metrics;
  Counter& counter = metrics.counter("things_total", "Things.", {{"kind", "a"}});
  std::vector<std::thread> threads;
  for (int t = 0; t < 10; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) counter.add();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(has_line(metrics.render(), "things_total{kind=\"a\"} 10000")) << metrics.render();
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameCounter) {
  Metrics metrics;
  Counter& a = metrics.counter("x_total", "X.", {{"k", "1"}});
  Counter& b = metrics.counter("x_total", "X.", {{"k", "2"}});
  EXPECT_EQ(&a, &metrics.counter("x_total", "X.", {{"k", "1"}}));
  EXPECT_NE(&a, &b);
  EXPECT_THROW(metrics.histogram("x_total", "X."), std::logic_error);
}

TEST(Metrics, AHistogramIsCumulativeAndEndsInInfinity) {
  Metrics metrics;
  Histogram& seconds = metrics.histogram("s_seconds", "S.");
  for (const double value : {0.00005, 0.0006, 0.2, 99.0}) seconds.observe(value);
  const std::string text = metrics.render();
  EXPECT_TRUE(has_line(text, "s_seconds_bucket{le=\"5e-05\"} 1")) << text;
  EXPECT_TRUE(has_line(text, "s_seconds_bucket{le=\"0.001\"} 2"));
  EXPECT_TRUE(has_line(text, "s_seconds_bucket{le=\"10\"} 3"));
  EXPECT_TRUE(has_line(text, "s_seconds_bucket{le=\"+Inf\"} 4"));
  EXPECT_TRUE(has_line(text, "s_seconds_count 4"));
}

TEST(Metrics, AGaugeIsReadWhenItIsScraped) {
  Metrics metrics;
  double level = 1;
  metrics.gauge("level", "Level.", [&] { return level; });
  level = 7;
  EXPECT_TRUE(has_line(metrics.render(), "level 7"));
}

TEST(Metrics, TellThisProcesssOwnFigures) {
  const std::string text = Metrics().render();
  for (const char* name : {"process_resident_memory_bytes ", "process_open_fds ", "process_cpu_seconds_total ",
                           "process_start_time_seconds "}) {
    EXPECT_NE(text.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace kriya::telemetry
