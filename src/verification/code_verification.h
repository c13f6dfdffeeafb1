// Verification by codes that a message carries.
#pragma once

#include "messaging/messenger.h"
#include "messaging/ports.h"
#include "verification/challenge_store.h"
#include "verification/code_secrets.h"
#include "verification/message_texts.h"
#include "verification/send_gate.h"
#include "verification/verification.h"

namespace kriya::verification {

/// A number that nothing is sent to, and whose code is known.
struct TestNumber {
  std::string phone_number;  // E.164
  Secret code;
};

/// Nothing here knows whether a number has an account, so nothing can tell. Limits and counters are rows: they hold for
/// all instances together and survive every restart.
class CodeVerification final : public Verification {
 public:
  struct Rules {
    unsigned code_length = 6;
    std::chrono::seconds code_life{300};
    std::chrono::seconds challenge_life{900};         // after which a resend does not help any more
    bool provider_codes = false;                      // the provider makes and checks codes; needs a CodeVerifier
    std::vector<Channel> channels = {Channel::sms};   // the first that works is taken when nobody asks for one
    std::vector<std::string> allowed_countries = {};  // ISO 3166; empty: all
    std::vector<std::string> denied_countries = {};
    SendGate::Rules sending = {};
    std::vector<TestNumber> test_numbers = {};
    Timestamp test_numbers_until = {};  // from then on they are numbers like others
  };

  /// Outside parts, which must outlive this object. The last two may be null.
  struct Parts {
    storage::Database& database;
    messaging::Messenger& messenger;
    const MessageTexts& texts;
    SecurityLog& events;
    const Clock& clock;
    messaging::RiskScorer* risk = nullptr;
    messaging::CodeVerifier* verifier = nullptr;
  };

  /// `master`: MASTER_KEY.
  CodeVerification(Rules rules, const Secret& master, Parts parts);

  Task<Result<VerificationBody>> start(StartRequest request, http::Caller caller) override;
  Task<Result<VerificationBody>> resend(std::string id, std::string opened_by, std::optional<Channel> channel,
                                        http::Caller caller) override;
  Task<Result<Proof>> check(std::string id, std::string code, Purpose purpose, std::string opened_by,
                            http::Caller caller) override;
  Task<Result<bool>> unlock(PhoneNumber number, Deadline deadline) override;

  /// Erases what ended challenges carry and removes old rows, at most `limit` of each kind; returns how many. Zero:
  /// nothing is left to do. Errors: those of Database.
  Task<Result<std::int64_t>> sweep(std::int64_t limit, Deadline deadline);

 private:
  struct Sending;

  Result<std::vector<Channel>> channels_for(std::optional<Channel> wanted, const PhoneNumber& number) const;
  const TestNumber* test_number(const PhoneNumber& number) const;
  Task<Result<void>> refuse_locked(std::string guard, Deadline deadline);
  SendGate::Request gate_request(const ChallengeRow& challenge, const Carried& carried,
                                 const http::Caller& caller) const;
  Sending sending_of(const ChallengeRow& challenge, Carried carried, std::vector<Channel> channels,
                     const http::Caller& caller) const;

  /// Errors: delivery_failed and those of Messenger, after which it was definitely not sent.
  Task<Result<messaging::MessageRecord>> send(Sending sending, Deadline deadline);

  /// Sends, and returns the reservation when nothing was sent. The channel that it took.
  Task<Result<Channel>> deliver(Sending sending, Reservation reservation, Deadline deadline);
  VerificationBody answer(std::string id, const Sending& sending, Channel channel, Timestamp resend_at) const;

  /// Whether this could be a code of this server at all. Errors: invalid_fields.
  Result<void> demand_form(std::string_view digits) const;
  Task<Result<GuessState>> guess_at_provider(Guess guess, Timestamp now, std::string code, Deadline deadline);
  Task<Result<bool>> provider_says_right(std::vector<std::string> references, std::string code, Deadline deadline);

  Rules rules_;
  CodeSecrets secrets_;
  Parts parts_;
  ChallengeStore challenges_;
  SendGate gate_;
};

}  // namespace kriya::verification
