#include "verification/guess_rules.h"

#include <algorithm>

namespace kriya::verification {

using std::chrono::seconds;

namespace {

constexpr seconds kShortestWait{30};
constexpr seconds kLongestWait{3600};

}  // namespace

seconds wait_after(std::int64_t failures) {
  if (failures < kFirstWait) return seconds(0);
  const auto doublings = std::min<std::int64_t>(failures - kFirstWait, kDistinctWaits - 1);
  return std::min(kShortestWait * (std::int64_t{1} << doublings), kLongestWait);
}

std::array<Timestamp, kDistinctWaits> ends_of_waits(Timestamp now) {
  std::array<Timestamp, kDistinctWaits> ends;
  for (std::size_t i = 0; i < ends.size(); ++i) ends[i] = now + wait_after(kFirstWait + static_cast<std::int64_t>(i));
  return ends;
}

seconds seconds_until(Timestamp then, Timestamp now) {
  return std::max(seconds(1), seconds((then.micros - now.micros + 999'999) / 1'000'000));
}

}  // namespace kriya::verification
