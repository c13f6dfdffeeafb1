// SMS pumping: somebody lets a server send codes that nobody types back, and is paid for each message. Real people
// type most of them back; so codes that did not come back are held against those that did, by country and by address.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace kriya::verification {

/// Codes of one hour (since 1970), and how many of them came back.
struct HourTally {
  std::int64_t hour = 0;
  std::int64_t sent = 0;
  std::int64_t verified = 0;
};

/// What is known when a code was just reserved; it counts as sent already.
struct PumpingView {
  std::vector<HourTally> country;       // of the number's country, 14 days
  std::vector<HourTally> address;       // of the client's address, 25 hours
  std::int64_t unproven_countries = 0;  // that the address asked for within 24 hours, and of which no code came back
};

/// Which budgets are overdrawn: "country_day", "country_hour", "address_day", "address_hour", "address_countries".
/// May go unanswered, in a sliding day or hour:
///   country  day: 20, or 30 % of the best of 14 days, or of the last day;  hour: 3, or 20 % of a sixth of the best
///            day, or of the last hour
///   address  day: 10, or 30 % of the last day;  hour: 5, or 20 % of a sixth of the last day
std::vector<std::string> overdrawn(const PumpingView& view, Timestamp now);

}  // namespace kriya::verification
