#include "messaging/whatsapp/meta_codes.h"

#include "base/encoding.h"
#include "crypto/digest.h"

namespace kriya::messaging::whatsapp {
namespace {

constexpr Refusal kForGood{};
constexpr Refusal kBusy{.retryable = true};
constexpr Refusal kAway{.retryable = true, .elsewhere = true, .provider_down = true};
constexpr Refusal kElsewhere{.elsewhere = true};
// A token that has run out, a locked account, an unpaid bill: every message fails until a person has looked.
constexpr Refusal kAccount{.elsewhere = true, .provider_down = true};

}  // namespace

// developers.facebook.com, WhatsApp Cloud API, "Error codes".
std::optional<Refusal> refusal_of(std::int64_t code) {
  if (code >= 132000 && code <= 132999) return kForGood;  // the template
  if (code >= 200 && code <= 299) return kAccount;        // permissions
  switch (code) {
    case 2:       // service temporarily unavailable
    case 131016:  // service overloaded
    case 133004:  // server temporarily unavailable
      return kAway;
    case 131000:  // something went wrong; try again
      return Refusal{.retryable = true, .elsewhere = true};
    case 4:       // calls of the app
    case 80007:   // calls of the account
    case 130429:  // throughput
    case 131056:  // to this one recipient
      return kBusy;
    case 0:
    case 3:
    case 10:
    case 190:     // the access token
    case 368:     // blocked for a violation of policies
    case 131005:  // access denied
    case 131031:  // account locked
    case 131042:  // payment
    case 131045:  // the sending number is not registered
    case 133010:
      return kAccount;
    case 130472:  // part of an experiment of Meta's
    case 131026:  // not on WhatsApp, or cannot get it
    case 131047:  // more than 24 hours since the person last wrote: only templates
    case 131048:  // too many recipients have complained
    case 131049:  // Meta keeps it back for the person's sake
      return kElsewhere;
    case 100:  // a bad parameter
    case 131008:
    case 131009:
    case 131021:
    case 131051:
    case 131052:
    case 131053:
      return kForGood;
    default:
      return std::nullopt;
  }
}

std::string reference_of(std::string_view wamid) {
  return wamid.empty() ? std::string() : base64url_encode(crypto::sha256(wamid));
}

}  // namespace kriya::messaging::whatsapp
