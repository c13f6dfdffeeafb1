// Proving that a person holds a phone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/caller.h"
#include "messaging/message.h"
#include "phone/phone_number.h"
#include "runtime/task.h"

namespace kriya::verification {

using messaging::Channel;

/// What the proof is for. A challenge answers its own purpose only.
enum class Purpose { sign_in, reauthenticate, change_phone, relay };
BOOST_DESCRIBE_ENUM(Purpose, sign_in, reauthenticate, change_phone, relay)

/// An open challenge as its caller sees it: the same whether the number has an account or not.
struct VerificationBody {
  std::string id;  // 256 random bits; who holds it may answer
  Channel channel = Channel::sms;
  std::string phone_number;  // masked
  std::int64_t code_length = 0;
  Timestamp expires_at;
  Timestamp resend_at;
};
BOOST_DESCRIBE_STRUCT(VerificationBody, (), (id, channel, phone_number, code_length, expires_at, resend_at))

struct StartRequest {
  PhoneNumber phone_number;
  Purpose purpose = Purpose::sign_in;
  std::string opened_by = {};  // who must answer: "" (whoever holds the id), "user:<id>", "key:<id>"
  std::string payload = {};    // the asker's own, sealed until the proof hands it back
  std::optional<Channel> channel = {};
  std::string languages = {};  // Accept-Language
  /// The session of the number's owner that asks: its guesses are counted apart, so that strangers who guess cannot
  /// lock the owner out. What is sent counts for the number all the same.
  std::optional<std::string> owner_session = {};
  std::optional<Uuid> user_id = {};
};

/// A phone that was proven.
struct Proof {
  PhoneNumber phone_number;
  std::string payload;
};

/// Codes that phones receive and people type back. Safe to use from every I/O thread.
class Verification {
 public:
  virtual ~Verification() = default;

  /// Sends a code. Errors: verification_unavailable (no provider for the channel), invalid_fields (a country or channel
  /// that is not served), too_many_requests (cool-down, limits, guards; with a time), phone_disabled, opted_out,
  /// forbidden (the number's risk), delivery_failed (definitely not sent; nothing was counted); those of Database.
  virtual Task<Result<VerificationBody>> start(StartRequest request, http::Caller caller) = 0;

  /// Sends one more code, and keeps the earlier ones good. Errors: verification_expired; those of `start`.
  virtual Task<Result<VerificationBody>> resend(std::string id, std::string opened_by, std::optional<Channel> channel,
                                                http::Caller caller) = 0;

  /// Counts a guess, then compares it; a right one closes the challenge and clears the count of failures. Spaces and
  /// hyphens in the code are left out. Errors: invalid_fields (`code` cannot be one by its form, whatever the id;
  /// nothing was counted), invalid_code (with attempts_left), verification_expired (spent, expired, never there, or
  /// another's), too_many_requests (of the number or the address; with a time), phone_disabled; those of Database.
  virtual Task<Result<Proof>> check(std::string id, std::string code, Purpose purpose, std::string opened_by,
                                    http::Caller caller) = 0;

  /// Forgets the failed guesses of a number: an operator or a trusted registrar says so. False: there were none.
  virtual Task<Result<bool>> unlock(PhoneNumber number, Deadline deadline) = 0;
};

}  // namespace kriya::verification
