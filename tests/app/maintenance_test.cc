#include "app/maintenance.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

namespace kriya::app {
namespace {

using std::chrono::milliseconds;

/// Rows that wait to be swept, and what happens when they are.
struct Heap {
  std::int64_t rows = 0;
  int steps = 0;
  std::function<void()> on_step = [] {};
  bool fails = false;
};

Task<Result<std::int64_t>> take(Heap& heap, std::int64_t limit) {
  ++heap.steps;
  heap.on_step();
  if (heap.fails) co_return fail(Errc::unavailable, "The disk is full.");
  const std::int64_t taken = std::min(limit, heap.rows);
  heap.rows -= taken;
  co_return taken;
}

class MaintenanceTest : public ::testing::Test {
 protected:
  Sweep sweep(Heap& heap) {
    return {"rows", [&heap](std::int64_t limit, Deadline) { return take(heap, limit); }};
  }
  void run() {
    asio::co_spawn(context_.get_executor(), maintenance_.run(), asio::detached);
    context_.run();
  }

  asio::io_context context_;
  telemetry::Log log_{{.level = telemetry::Level::error, .json = false, .file = "/dev/null"}};
  Heap first_;
  Heap second_;
  Maintenance maintenance_{context_, {sweep(first_), sweep(second_)}, log_, milliseconds(0)};
};

TEST_F(MaintenanceTest, SweepsInStepsUntilNothingIsLeft) {
  first_.rows = 1'200;
  second_.on_step = [&] { maintenance_.stop(); };
  run();
  EXPECT_EQ(first_.rows, 0);
  EXPECT_EQ(first_.steps, 3);
  EXPECT_EQ(second_.steps, 1);
}

TEST_F(MaintenanceTest, OneThatFailsDoesNotKeepTheOthers) {
  first_.fails = true;
  second_.on_step = [&] { maintenance_.stop(); };
  run();
  EXPECT_EQ(first_.steps, 1);
  EXPECT_EQ(second_.steps, 1);
}

TEST_F(MaintenanceTest, EndsWhenItIsStoppedWhileItSweeps) {
  first_.rows = 1'000'000;
  first_.on_step = [&] { maintenance_.stop(); };
  run();  // returns
  EXPECT_EQ(first_.steps, 1);
  EXPECT_EQ(second_.steps, 0);
}

}  // namespace
}  // namespace kriya::app
