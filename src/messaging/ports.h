// What a provider of messages may be able to do: one small role each. A provider implements those that it has.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/message.h"
#include "messaging/message.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace kriya::messaging {

/// A message on its way to a provider.
struct Outgoing {
  Uuid id;  // ours: given to providers that echo it in receipts
  PhoneNumber to;
  Channel channel = Channel::sms;
  Content content;
  std::optional<std::string> sms_instead = {};  // what an SMS says that goes out instead when this channel fails
  Purpose purpose = Purpose::transactional;
  std::string client_address;  // of the person who asked for it; empty: nobody did
};

/// What became of a hand-over. Only what was definitely not sent may be sent again.
struct SendOutcome {
  enum class Kind {
    accepted,   // the provider has it
    rejected,   // definitely not sent
    ambiguous,  // nobody knows: the answer was lost
  };
  Kind kind = Kind::ambiguous;
  Status status = Status::accepted;         // of an accepted one, when the provider says more at once
  std::string reference;                    // the provider's
  std::string code;                         // the provider's, as text
  std::string detail;                       // the provider's words; no number, no content
  bool retryable = false;                   // a rejected one that may pass later: busy, over a rate, away
  bool provider_down = false;               // the failure is the provider's, not this message's (for the circuit)
  bool over_rate = false;                   // a retryable one that only has to wait for its turn
  std::chrono::milliseconds retry_after{};  // 0: not said
  bool sends_sms_itself = false;            // one not rejected: `sms_instead` is the provider's job now, not ours
  bool asked = true;                        // false: the provider was never asked, e.g. our own rate limit held it back
};

/// Sends. Safe to use from any thread. Never throws; every failure is an outcome.
class MessageSender {
 public:
  virtual ~MessageSender() = default;
  virtual std::string_view provider() const = 0;  // "telesign": the name in the record

  /// Whether this sender can carry such content on that channel.
  virtual bool carries(Channel channel, const Content& content) const = 0;
  virtual Task<SendOutcome> send(Outgoing message, Deadline deadline) = 0;
};

/// Checks codes that the provider made (Content::code without a code).
class CodeVerifier {
 public:
  virtual ~CodeVerifier() = default;
  enum class Verdict { right, wrong, expired };

  /// Digits of the codes that it makes for a channel.
  virtual std::int64_t code_length(Channel channel) const = 0;

  /// Errors: unavailable.
  virtual Task<Result<Verdict>> check(std::string reference, std::string code, Deadline deadline) = 0;
};

enum class Recommendation { allow, flag, block };
BOOST_DESCRIBE_ENUM(Recommendation, allow, flag, block)

/// What is known of a number. Absent: not asked, or nobody knows, which is never the same as safe.
struct NumberReport {
  std::string phone_number;  // E.164
  std::string provider;
  std::optional<std::string> country;  // ISO 3166, two letters
  std::optional<std::string> carrier;
  std::string phone_type;  // "mobile", "voip", "unknown", ...
  std::optional<bool> can_receive_sms;
  std::optional<bool> blocked;
  Recommendation recommendation = Recommendation::flag;
  std::vector<std::string> reasons;  // why it is no `allow`: "sim_swapped_recently", "partial_data", ...
  std::optional<std::string> provider_reference;
  json::object details;  // the provider's own objects: location, carrier, add-ons
};
BOOST_DESCRIBE_STRUCT(NumberReport, (),
                      (phone_number, provider, country, carrier, phone_type, can_receive_sms, blocked, recommendation,
                       reasons, provider_reference, details))

class NumberLookup {
 public:
  virtual ~NumberLookup() = default;

  /// `addons`: the provider's names of further questions, e.g. "sim_swap"; each may cost. Errors: invalid_fields (no
  /// name of the provider's), bad_request (the provider refuses the question), unavailable.
  virtual Task<Result<NumberReport>> look_up(PhoneNumber number, std::vector<std::string> addons,
                                             Deadline deadline) = 0;
};

struct RiskQuestion {
  PhoneNumber number;
  std::string event;  // "create", "sign-in", "transact", "update", "delete"
  std::string client_address;
  std::optional<std::string> email;
  std::optional<std::string> account_id;
};

struct RiskReport {
  std::string phone_number;  // E.164
  std::string provider;
  std::int64_t score = 0;                                // 0 to 1000, higher is riskier
  std::string level;                                     // the provider's word
  Recommendation recommendation = Recommendation::flag;  // by our own thresholds
  std::vector<std::int64_t> reason_codes;
  std::optional<std::string> provider_reference;
};
BOOST_DESCRIBE_STRUCT(RiskReport, (),
                      (phone_number, provider, score, level, recommendation, reason_codes, provider_reference))

class RiskScorer {
 public:
  virtual ~RiskScorer() = default;

  /// Errors: bad_request, unavailable.
  virtual Task<Result<RiskReport>> assess(RiskQuestion question, Deadline deadline) = 0;
};

/// A provider's later word on a message.
struct StatusReport {
  std::string reference;
  std::optional<Uuid> message_id;  // ours, where the provider echoes it
  Status status = Status::unknown;
  std::string code;
  std::string detail;
  bool retryable = false;  // a failure that another channel or provider may not have
  std::optional<std::string> cost;
  std::optional<std::string> currency;
  std::optional<std::int64_t> segments;
  std::string at;  // the provider's time, as it wrote it
};

/// A person wrote to us.
struct InboundMessage {
  PhoneNumber from;
  std::string reference;
  std::string text;     // never stored; looked at for words like STOP
  std::string keyword;  // the provider's own reading: "STOP", "START", "HELP"; empty: none
};

struct Receipts {
  std::vector<StatusReport> reports;
  std::vector<InboundMessage> inbound;
};

class ReceiptParser {
 public:
  virtual ~ReceiptParser() = default;
  virtual std::string_view provider() const = 0;

  /// Checks the signature over the raw bytes, then reads. Unknown kinds of notices are no error, only nothing.
  /// Errors: forbidden (no or a wrong signature), invalid_json, bad_request (no notice of the provider's).
  virtual Result<Receipts> parse(const http::Request& request) const = 0;
};

class StatusPoller {
 public:
  virtual ~StatusPoller() = default;

  /// Errors: not_found (the provider knows it no more), unavailable.
  virtual Task<Result<StatusReport>> poll(std::string reference, Channel channel, Deadline deadline) = 0;
};

}  // namespace kriya::messaging
