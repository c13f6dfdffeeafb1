// How many codes may be sent. The rules as arithmetic over what was sent; send_store.cc says the same in SQL, where it
// holds against everybody who asks at the same moment.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace kriya::verification {

constexpr std::chrono::hours kHour{1};
constexpr std::chrono::hours kDay{24};

/// All windows slide: a limit of 5 in an hour holds in every hour, wherever it begins.
struct SendLimits {
  /// Between two codes to one number, by how many it got within the hour: after the 1st, the 2nd, the 3rd, later ones.
  std::array<std::chrono::seconds, 4> cool_downs{std::chrono::seconds(30), std::chrono::seconds(60),
                                                 std::chrono::seconds(120), std::chrono::seconds(300)};
  std::int64_t per_phone_hour = 5;
  std::int64_t per_phone_day = 10;
  std::int64_t per_address_hour = 20;
  std::int64_t codes_per_day = 10'000;  // of all instances together
};

/// What was sent and not returned.
struct SeenSends {
  std::vector<Timestamp> to_phone;      // in the last 24 hours, newest first
  std::vector<Timestamp> from_address;  // in the last hour, newest first
  std::int64_t today = 0;               // by everybody, in the last 24 hours
};

enum class SendLimit { cool_down, phone_hour, phone_day, address_hour, all_day };

struct SendRefusal {
  SendLimit limit;
  Timestamp again_at;
};

/// Why no code may be sent now: of the limits that stand against it, the one that does so longest. Nullopt: it may.
std::optional<SendRefusal> refusal(const SendLimits& limits, const SeenSends& seen, Timestamp now);

/// When the number itself may get its next code, as far as is known now.
Timestamp next_send_at(const SendLimits& limits, const std::vector<Timestamp>& to_phone, Timestamp now);

/// too_many_requests, in words and with the time.
Error as_error(const SendRefusal& refused, Timestamp now);

/// Hours since 1970, by which sends are tallied.
std::int64_t hour_of(Timestamp time);
Timestamp start_of_hour(std::int64_t hour);

}  // namespace kriya::verification
