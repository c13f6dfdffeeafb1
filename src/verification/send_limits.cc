#include "verification/send_limits.h"

#include <algorithm>

#include "verification/guess_rules.h"

namespace kriya::verification {
namespace {

using std::chrono::hours;

constexpr std::chrono::minutes kSoon{10};  // the daily ceiling: when exactly does not matter, later does

/// The sends of a window that ends now, from the newest first.
std::size_t within(const std::vector<Timestamp>& sends, hours window, Timestamp now) {
  return static_cast<std::size_t>(std::ranges::count_if(sends, [&](Timestamp sent) { return sent > now - window; }));
}

/// When a full window has room again: as its limit-th newest send leaves it.
std::optional<Timestamp> room_at(const std::vector<Timestamp>& sends, hours window, std::int64_t limit, Timestamp now) {
  const auto most = static_cast<std::size_t>(limit);
  if (within(sends, window, now) < most) return std::nullopt;
  // A send of another instance at this moment may be dated a little later; nobody waits longer than the window for it.
  return std::min(sends[most - 1], now) + window;
}

std::optional<Timestamp> cool_at(const SendLimits& limits, const std::vector<Timestamp>& to_phone, Timestamp now) {
  const std::size_t recent = within(to_phone, kHour, now);
  if (recent == 0) return std::nullopt;
  const Timestamp cool = to_phone.front() + limits.cool_downs[std::min(recent, limits.cool_downs.size()) - 1];
  return cool > now ? std::optional(cool) : std::nullopt;
}

std::optional<SendRefusal> later(std::optional<SendRefusal> one, SendLimit limit, std::optional<Timestamp> until) {
  if (!until || (one && one->again_at >= *until)) return one;
  return SendRefusal{limit, *until};
}

std::optional<SendRefusal> refusal_of_phone(const SendLimits& limits, const std::vector<Timestamp>& to_phone,
                                            Timestamp now) {
  std::optional<SendRefusal> found;
  found = later(found, SendLimit::cool_down, cool_at(limits, to_phone, now));
  found = later(found, SendLimit::phone_hour, room_at(to_phone, kHour, limits.per_phone_hour, now));
  return later(found, SendLimit::phone_day, room_at(to_phone, kDay, limits.per_phone_day, now));
}

const char* words(SendLimit limit) {
  switch (limit) {
    case SendLimit::cool_down:
      return "A code was sent to this number a moment ago.";
    case SendLimit::phone_hour:
      return "This number got too many codes within an hour.";
    case SendLimit::phone_day:
      return "This number got too many codes within a day.";
    case SendLimit::address_hour:
      return "Too many codes were asked for from your network.";
    case SendLimit::all_day:
      return "This server has sent all the codes that it may send within a day.";
  }
  return "";
}

}  // namespace

std::optional<SendRefusal> refusal(const SendLimits& limits, const SeenSends& seen, Timestamp now) {
  std::optional<SendRefusal> found = refusal_of_phone(limits, seen.to_phone, now);
  found = later(found, SendLimit::address_hour, room_at(seen.from_address, kHour, limits.per_address_hour, now));
  if (seen.today >= limits.codes_per_day) found = later(found, SendLimit::all_day, now + kSoon);
  return found;
}

Timestamp next_send_at(const SendLimits& limits, const std::vector<Timestamp>& to_phone, Timestamp now) {
  const auto refused = refusal_of_phone(limits, to_phone, now);
  return refused ? refused->again_at : now;
}

Error as_error(const SendRefusal& refused, Timestamp now) {
  Error error{Errc::too_many_requests, words(refused.limit)};
  error.retry_after = seconds_until(refused.again_at, now);
  return error;
}

std::int64_t hour_of(Timestamp time) { return time.seconds() / 3600; }
Timestamp start_of_hour(std::int64_t hour) { return Timestamp::from_seconds(hour * 3600); }

}  // namespace kriya::verification
