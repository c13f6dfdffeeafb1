#include "verification/pumping_budget.h"

#include <algorithm>
#include <array>

#include "verification/send_limits.h"

namespace kriya::verification {
namespace {

constexpr std::int64_t kHoursOfDay = 24;
constexpr std::size_t kDays = 14;
constexpr std::int64_t kMostCountries = 3;

double verified(const HourTally& tally) { return static_cast<double>(tally.verified); }
double unanswered(const HourTally& tally) { return static_cast<double>(tally.sent - tally.verified); }

/// Sums the last `hours` up to now. The hour in which they begin counts by the part that is within.
template <class Measure>
double sliding(const std::vector<HourTally>& tallies, std::int64_t hours, Timestamp now, Measure measure) {
  const std::int64_t current = hour_of(now);
  const double elapsed = static_cast<double>(now.micros - start_of_hour(current).micros) / 3'600'000'000.0;
  double sum = 0;
  for (const HourTally& tally : tallies) {
    const std::int64_t age = current - tally.hour;
    if (age < hours) sum += measure(tally);
    if (age == hours) sum += measure(tally) * (1 - elapsed);
  }
  return sum;
}

double best_day(const std::vector<HourTally>& tallies, Timestamp now) {
  std::array<double, kDays> days{};
  for (const HourTally& tally : tallies) {
    const std::int64_t age = std::max<std::int64_t>(0, hour_of(now) - tally.hour) / kHoursOfDay;
    if (age < static_cast<std::int64_t>(kDays)) days[static_cast<std::size_t>(age)] += verified(tally);
  }
  return std::ranges::max(days);
}

}  // namespace

std::vector<std::string> overdrawn(const PumpingView& view, Timestamp now) {
  std::vector<std::string> warnings;
  const auto check = [&](const char* name, double used, double budget) {
    if (used > budget) warnings.emplace_back(name);
  };
  const double best = best_day(view.country, now);
  check("country_day", sliding(view.country, kHoursOfDay, now, unanswered),
        std::max({20.0, 0.3 * best, 0.3 * sliding(view.country, kHoursOfDay, now, verified)}));
  check("country_hour", sliding(view.country, 1, now, unanswered),
        std::max({3.0, best / 6 * 0.2, 0.2 * sliding(view.country, 1, now, verified)}));
  const double verified_of_address = sliding(view.address, kHoursOfDay, now, verified);
  check("address_day", sliding(view.address, kHoursOfDay, now, unanswered), std::max(10.0, 0.3 * verified_of_address));
  check("address_hour", sliding(view.address, 1, now, unanswered), std::max(5.0, 0.2 * verified_of_address / 6));
  if (view.unproven_countries > kMostCountries) warnings.emplace_back("address_countries");
  return warnings;
}

}  // namespace kriya::verification
