#include "messaging/telesign/codes.h"

#include <algorithm>
#include <array>

namespace kriya::messaging::telesign {
namespace {

/// A run of codes with one meaning.
struct Run {
  std::int64_t first;
  std::int64_t last;
  Meaning meaning;
};

constexpr Meaning kAccepted{.status = Status::accepted};
constexpr Meaning kSent{.status = Status::sent};
constexpr Meaning kDelivered{.status = Status::delivered};
constexpr Meaning kRead{.status = Status::read};
constexpr Meaning kNobodyKnows{.status = Status::unknown};
constexpr Meaning kFailed{.status = Status::failed};
constexpr Meaning kBusy{.status = Status::failed, .retryable = true};
constexpr Meaning kFailedHere{.status = Status::failed, .elsewhere = true};
constexpr Meaning kTemporary{.status = Status::failed, .retryable = true, .elsewhere = true};
constexpr Meaning kAway{.status = Status::failed, .retryable = true, .elsewhere = true, .provider_down = true};
constexpr Meaning kAccount{.status = Status::failed, .provider_down = true};

// Telesign's reference: "SMS status codes", "Voice Verify", "Messaging status codes", "Status and error codes". In
// order.
constexpr auto kRuns = std::to_array<Run>({
    {-90001, -90001, kAway},     // system unavailable
    {-60001, -60001, kFailed},   // no PhoneID data
    {-40009, -40009, kFailed},   // number not supported
    {-40008, -40008, kAccount},  // hard cap
    {-40007, -40007, kFailed},   // with 429 a rate limit, else no data submitted
    {-40006, -40004, kFailed},
    {-40002, -40002, kAccount},  // not authorized
    {-40001, -40001, kNobodyKnows},
    {-30015, -30000, kAccount},  // authentication
    {-20004, -20004, kFailed},   // not in this country
    {-20003, -20001, kAccount},  // product not enabled
    {-10033, -10033, kFailed},   // a trial account, and not its test number
    {-10030, -10030, kAccount},  // wallet
    {-10009, -10009, kAccount},  // IP address
    {-10004, -10004, kFailed},   // reference expired
    {-10001, -10001, kFailed},   // invalid parameter, not found
    {-10000, -10000, kAway},
    // calls
    {100, 100, kDelivered},  // answered
    {101, 101, kFailedHere},
    {103, 103, kAccepted},
    {105, 105, kAccepted},
    {106, 107, kFailedHere},  // failed, busy
    {108, 108, kFailed},
    {129, 130, kFailed},  // blocked
    // SMS and SMS Verify
    {200, 201, kDelivered},  // 201: and suspicious activity
    {203, 203, kSent},
    {207, 207, kFailed},
    {210, 210, kFailedHere},  // temporary error of the phone
    {211, 211, kFailed},
    {220, 220, kFailedHere},  // no route
    {221, 221, kFailed},
    {222, 222, kFailedHere},  // no SMS to this phone
    {229, 233, kFailed},      // blocked, or content refused
    {237, 238, kFailed},
    {250, 251, kNobodyKnows},
    {286, 286, kFailed},
    {290, 290, kAccepted},
    {292, 293, kAccepted},
    {295, 295, kAccepted},
    {500, 502, kFailed},
    {503, 503, kTemporary},  // the carrier's trouble, temporary
    {504, 504, kFailed},
    {505, 505, kTemporary},  // the gateway's trouble, temporary
    {506, 515, kFailed},
    {516, 516, kFailedHere},  // channel not supported
    {517, 521, kFailed},
    {599, 599, kNobodyKnows},
    // omnichannel
    {3000, 3000, kDelivered},
    {3001, 3001, kAccepted},
    {3002, 3002, kSent},
    {3003, 3003, kFailed},
    {3004, 3004, kNobodyKnows},
    {3005, 3005, kRead},
    {3006, 3006, kFailed},
    {3030, 3030, kFailedHere},
    {3031, 3031, kFailed},
    {3032, 3032, kFailedHere},
    {3033, 3033, kFailed},
    {3034, 3034, kFailedHere},
    {3035, 3038, kFailed},
    {3039, 3039, kNobodyKnows},
    {3040, 3040, kAccepted},
    {3041, 3041, kTemporary},
    {3042, 3042, kFailed},
    {3043, 3043, kTemporary},
    {3044, 3053, kFailed},
    {3054, 3054, kTemporary},
    {3055, 3055, kFailedHere},  // not on this device
    {3056, 3056, kAccepted},    // this channel's time is over, the next one's turn
    {3057, 3059, kFailed},
    {3061, 3061, kFailed},
    {3062, 3062, kFailedHere},
    {3071, 3072, kFailed},
    {3073, 3073, kAccount},
    {3100, 3116, kFailed},
    {3200, 3203, kAccount},
    {3204, 3205, kBusy},  // over the rate
    {3206, 3208, kAccount},
    {3209, 3209, kFailed},
    {3210, 3210, kAccount},
    {3300, 3311, kFailed},
    {3400, 3413, kAccount},
    {3500, 3500, kAway},
    {3900, 3900, kDelivered},  // verified
    {3901, 3901, kAccepted},
    {3904, 3904, kFailed},
    {3906, 3906, kAccount},
    {3909, 3909, kFailed},
    // errors of SMS, PhoneID and Intelligence
    {10000, 10000, kAway},
    {10002, 10011, kAccount},
    {10013, 10013, kFailed},
    {10014, 10015, kAccount},
    {10017, 10017, kFailed},
    {10019, 10019, kBusy},  // over the rate
    {10020, 10020, kAccount},
    {10022, 10022, kAccount},
    {10028, 10028, kAccount},
    {10030, 10030, kAccount},
    {10031, 10033, kFailed},  // 10031 in receipts: blocked; in answers also the wrong host
    {10035, 10035, kAccount},
    {10036, 10036, kFailed},
    {10041, 10041, kFailed},
    {11000, 11099, kFailed},
    {12000, 12099, kFailed},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRuns.size(); ++i) {
    if (kRuns[i].last < kRuns[i].first || (i > 0 && kRuns[i].first <= kRuns[i - 1].last)) return false;
  }
  return true;
}
static_assert(in_order());

bool one_of(std::int64_t code, std::initializer_list<std::int64_t> codes) {
  return std::ranges::find(codes, code) != codes.end();
}

}  // namespace

std::optional<Meaning> meaning_of(std::int64_t code) {
  const auto run = std::ranges::lower_bound(kRuns, code, {}, &Run::last);
  if (run == kRuns.end() || code < run->first) return std::nullopt;
  return run->meaning;
}

bool is_rate_limit(std::int64_t code) { return one_of(code, {10019, -40007, 3204, 3205}); }

bool is_unknown_reference(std::int64_t code) {
  return one_of(code, {-10001, -10004, -40001, 599, 10013, 10017, 10036, 11011, 3311});
}

bool is_account_problem(std::int64_t code) {
  const auto meaning = meaning_of(code);
  return meaning && meaning->provider_down && !meaning->retryable;
}

}  // namespace kriya::messaging::telesign
