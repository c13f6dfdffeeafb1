#include "verification/code_verification.h"

#include <algorithm>

#include "crypto/random.h"
#include "http/client_address.h"
#include "verification/guess_rules.h"

namespace kriya::verification {
namespace {

using messaging::Content;
using messaging::Status;
using std::chrono::hours;

constexpr std::chrono::seconds kTidyUp{5};  // after the request's own time, if need be
constexpr std::chrono::seconds kNowOrNever{2};
// What VERIFICATION_CODE_LENGTH and TEST_PHONE_NUMBERS may say, not what they say: codes that went out before a change
// of the settings stay good.
constexpr std::int64_t kFewestDigits = 6;
constexpr std::int64_t kMostDigits = 10;
constexpr hours kKeepChallenges{24};
constexpr hours kKeepSends{15 * 24};  // the pumping guard looks back 14 days
constexpr hours kKeepEvents{90 * 24};

Error field_error(const char* field, std::string message) {
  return {Errc::invalid_fields,
          std::string("A field is not acceptable: ") + field + " " + message + ".",
          {{field, std::move(message)}}};
}

Error wait_until(Timestamp then, Timestamp now, const char* why) {
  Error error{Errc::too_many_requests, why};
  error.retry_after = seconds_until(then, now);
  return error;
}

Error ended() { return {Errc::verification_expired, "This verification has ended; ask for a new code."}; }

/// Why a number takes no guess; nothing when it does.
std::optional<Error> refusal_of(const GuardState& guard, Timestamp now) {
  if (guard.failures >= kDisabledAt) {
    return Error{Errc::phone_disabled, "Too many wrong codes were typed for this number; it takes none any more."};
  }
  if (guard.locked_until && *guard.locked_until > now) {
    return wait_until(*guard.locked_until, now, "Too many wrong codes were typed for this number.");
  }
  return std::nullopt;
}

/// Why a guess was not the right one.
Error failure_of(const GuessState& state, Timestamp now) {
  if (!state.address_counted) {
    return wait_until(state.address_free_at, now, "Too many wrong codes came from your network.");
  }
  if (state.counted) {
    Error wrong{Errc::invalid_code, "The code is wrong."};
    wrong.attempts_left = std::max<std::int64_t>(0, kAttempts - state.attempts);
    return wrong;
  }
  if (!state.present || !state.open || state.attempts >= kAttempts) return ended();
  return refusal_of(state.guard, now).value_or(ended());
}

/// People type what they see, also "123 456".
std::string digits_of(std::string_view code) {
  std::string digits;
  std::ranges::copy_if(code, std::back_inserter(digits), [](char c) { return c != ' ' && c != '-'; });
  return digits;
}

const char* risk_event(std::string_view purpose) {
  if (purpose == schema::word_of(Purpose::change_phone)) return "update";
  return purpose == schema::word_of(Purpose::relay) ? "transact" : "sign-in";
}

bool holds(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end();
}

Content any_code() {
  Content content;
  content.code.emplace();
  return content;
}

}  // namespace

/// One code on its way.
struct CodeVerification::Sending {
  Carried carried;
  std::string challenge;
  std::string locale;
  std::vector<Channel> channels;
  CodeRow row;
  std::string code;  // empty: the provider makes one
  bool test = false;
  std::string client_address;
};

CodeVerification::CodeVerification(Rules rules, const Secret& master, Parts parts)
    : rules_(std::move(rules)),
      secrets_(master),
      parts_(parts),
      challenges_(parts.database),
      gate_(rules_.sending, parts.database, parts.events, parts.risk) {}

// ---- sending ----

Result<std::vector<Channel>> CodeVerification::channels_for(std::optional<Channel> wanted,
                                                            const PhoneNumber& number) const {
  std::vector<Channel> channels = rules_.channels;
  if (wanted) {
    if (std::ranges::find(channels, *wanted) == channels.end()) {
      std::string words;
      for (const Channel each : channels) words.append(words.empty() ? "" : ", ").append(schema::word_of(each));
      return fail(field_error("channel", "must be one of " + words));
    }
    channels = {*wanted};
  }
  if (test_number(number) != nullptr) return channels;  // nothing is sent: neither country nor provider matters
  const std::string country = number.region();
  if (holds(rules_.denied_countries, country) ||
      (!rules_.allowed_countries.empty() && !holds(rules_.allowed_countries, country))) {
    return fail(field_error("phone_number", "belongs to a country that this service does not send codes to"));
  }
  Content content = any_code();
  if (!rules_.provider_codes) {
    content.code->code = std::string(rules_.code_length, '0');
    content.code->text = parts_.texts.code("en", *content.code->code);  // providers refuse an empty one
  }
  std::erase_if(channels, [&](Channel each) { return !parts_.messenger.carries(each, content); });
  if (channels.empty()) return fail(Errc::verification_unavailable, "This server has no way to send codes.");
  return channels;
}

const TestNumber* CodeVerification::test_number(const PhoneNumber& number) const {
  if (parts_.clock.now() >= rules_.test_numbers_until) return nullptr;
  const auto found = std::ranges::find(rules_.test_numbers, number.str(), &TestNumber::phone_number);
  return found == rules_.test_numbers.end() ? nullptr : &*found;
}

Task<Result<void>> CodeVerification::refuse_locked(std::string guard, Deadline deadline) {
  const auto state = co_await challenges_.guard(std::move(guard), deadline);
  if (!state) co_return fail(state.error());
  if (auto refused = refusal_of(*state, parts_.clock.now())) co_return fail(*std::move(refused));
  co_return Result<void>();
}

SendGate::Request CodeVerification::gate_request(const ChallengeRow& challenge, const Carried& carried,
                                                 const http::Caller& caller) const {
  return {.number = carried.phone_number,
          .phone_hash = challenge.phone_hash,
          .country = carried.phone_number.region(),
          .challenge = challenge.id,
          .risk_event = risk_event(challenge.purpose),
          .user_id = carried.user_id,
          .client_address = caller.address,
          .at = parts_.clock.now()};
}

CodeVerification::Sending CodeVerification::sending_of(const ChallengeRow& challenge, Carried carried,
                                                       std::vector<Channel> channels,
                                                       const http::Caller& caller) const {
  const Timestamp now = parts_.clock.now();
  const TestNumber* test = test_number(carried.phone_number);
  Sending sending{.carried = std::move(carried),
                  .challenge = challenge.id,
                  .locale = challenge.locale,
                  .channels = std::move(channels),
                  .row = {.id = crypto::new_uuid(now),
                          .hash = {},
                          .provider_reference = {},
                          .expires_at = std::min(now + rules_.code_life, challenge.created_at + rules_.challenge_life)},
                  .code = {},
                  .test = test != nullptr,
                  .client_address = caller.address};
  if (test != nullptr) {
    sending.code = test->code.reveal();
  } else if (!rules_.provider_codes) {
    sending.code = random_code(rules_.code_length);
  }
  if (!sending.code.empty()) {
    sending.row.hash = secrets_.code_hash(challenge.purpose, sending.carried.phone_number, challenge.id, sending.code);
  }
  return sending;
}

Task<Result<messaging::MessageRecord>> CodeVerification::send(Sending sending, Deadline deadline) {
  Content content = any_code();
  content.code->locale = sending.locale;
  if (!sending.code.empty()) {
    content.code->code = sending.code;
    content.code->text = parts_.texts.code(sending.locale, sending.code);
  }
  auto record = co_await parts_.messenger.send(
      {.to = sending.carried.phone_number,
       .channels = sending.channels,
       .content = std::move(content),
       .purpose = messaging::Purpose::code,
       .kind = "code",
       .requested_by = "verification",
       .user_id = sending.carried.user_id,
       .client_address = http::is_address(sending.client_address) ? sending.client_address : "",
       // Only who sends it now learns by what reference its provider knows it.
       .not_after = sending.code.empty() ? parts_.clock.now() + kNowOrNever : sending.row.expires_at},
      deadline);
  const bool too_late = sending.code.empty() && record && record->status == Status::queued;
  if (record && (record->status == Status::failed || record->status == Status::expired || too_late)) {
    co_return fail(Errc::delivery_failed, "The code could not be sent to this number.");
  }
  co_return record;
}

Task<Result<Channel>> CodeVerification::deliver(Sending sending, Reservation reservation, Deadline deadline) {
  if (sending.test) co_return sending.channels.front();
  const auto record = co_await send(sending, deadline);
  if (!record) {  // definitely not sent, however long that took
    const Deadline tidy = Deadline::after(kTidyUp);
    const Timestamp now = parts_.clock.now();
    if (auto back = co_await gate_.give_back(std::move(reservation), now, tidy); !back) co_return fail(back.error());
    if (auto gone = co_await challenges_.remove_code(sending.row.id, tidy); !gone) co_return fail(gone.error());
    co_return fail(record.error());
  }
  if (sending.code.empty() && record->provider_reference) {
    sending.row.provider_reference = record->provider_reference;
    const auto kept = co_await challenges_.add_code(sending.challenge, sending.row, Deadline::after(kTidyUp));
    if (!kept) co_return fail(kept.error());
  }
  co_return record->channel;
}

VerificationBody CodeVerification::answer(std::string id, const Sending& sending, Channel channel,
                                          Timestamp resend_at) const {
  return {.id = std::move(id),
          .channel = channel,
          .phone_number = sending.carried.phone_number.masked(),
          .code_length = sending.code.empty() ? parts_.verifier->code_length(channel)
                                              : static_cast<std::int64_t>(sending.code.size()),
          .expires_at = sending.row.expires_at,
          .resend_at = resend_at};
}

Task<Result<VerificationBody>> CodeVerification::start(StartRequest request, http::Caller caller) {
  auto channels = channels_for(request.channel, request.phone_number);
  if (!channels) co_return fail(channels.error());
  std::string guard = secrets_.guard(request.phone_number, request.owner_session);
  if (auto locked = co_await refuse_locked(guard, caller.deadline); !locked) co_return fail(locked.error());

  const Timestamp now = parts_.clock.now();
  std::string id = crypto::random_token();
  const Carried carried{request.phone_number, std::move(request.payload), request.user_id};
  ChallengeRow challenge{.id = CodeSecrets::stored_id(id),
                         .purpose = std::string(schema::word_of(request.purpose)),
                         .opened_by = std::move(request.opened_by),
                         .phone_hash = secrets_.phone_hash(request.phone_number),
                         .guard = std::move(guard),
                         .payload = {},
                         .channel = std::string(schema::word_of(channels->front())),
                         .locale = parts_.texts.locale_for(request.languages, request.phone_number.region()),
                         .created_at = now,
                         .expires_at = now,
                         .resend_at = now};
  challenge.payload = secrets_.seal(carried, challenge.id);
  Sending sending = sending_of(challenge, carried, *std::move(channels), caller);
  challenge.expires_at = sending.row.expires_at;
  SendGate::Pass pass{.reservation = {}, .resend_at = now};
  if (!sending.test) {
    auto admitted = co_await gate_.admit(gate_request(challenge, carried, caller), caller.deadline);
    if (!admitted) co_return fail(admitted.error());
    pass = *std::move(admitted);
    challenge.resend_at = pass.resend_at;
  }

  const auto code = sending.code.empty() ? std::nullopt : std::optional(sending.row);
  auto opened = co_await challenges_.open(challenge, code, caller.deadline);
  if (!opened) {
    (void)co_await gate_.give_back(pass.reservation, now, Deadline::after(kTidyUp));
    co_return fail(opened.error());
  }
  const auto channel = co_await deliver(sending, pass.reservation, caller.deadline);
  if (!channel) {
    auto gone = co_await challenges_.remove(challenge.id, Deadline::after(kTidyUp));
    co_return fail(gone ? channel.error() : gone.error());
  }
  co_return answer(std::move(id), sending, *channel, pass.resend_at);
}

Task<Result<VerificationBody>> CodeVerification::resend(std::string id, std::string opened_by,
                                                        std::optional<Channel> wanted, http::Caller caller) {
  const Timestamp now = parts_.clock.now();
  auto found = co_await challenges_.find(CodeSecrets::stored_id(id), caller.deadline);
  if (!found) co_return fail(found.error());
  if (!*found || (*found)->opened_by != opened_by || (*found)->closed_at || !(*found)->payload ||
      now >= (*found)->created_at + rules_.challenge_life) {
    co_return fail(ended());
  }
  ChallengeRow challenge = **std::move(found);
  const auto carried = secrets_.open(*challenge.payload, challenge.id);
  if (!carried) co_return fail(ended());  // sealed under another MASTER_KEY
  auto channels = channels_for(wanted, carried->phone_number);
  if (!channels) co_return fail(channels.error());
  if (auto locked = co_await refuse_locked(challenge.guard, caller.deadline); !locked) co_return fail(locked.error());

  Sending sending = sending_of(challenge, *carried, *std::move(channels), caller);
  SendGate::Pass pass{.reservation = {}, .resend_at = now};
  if (!sending.test) {
    auto admitted = co_await gate_.admit(gate_request(challenge, *carried, caller), caller.deadline);
    if (!admitted) co_return fail(admitted.error());
    pass = *std::move(admitted);
  }
  challenge.channel = schema::word_of(sending.channels.front());
  challenge.expires_at = sending.row.expires_at;
  challenge.resend_at = pass.resend_at;
  auto renewed = co_await challenges_.renew(challenge, caller.deadline);
  if (renewed && *renewed && !sending.code.empty()) {
    renewed = co_await challenges_.add_code(challenge.id, sending.row, caller.deadline);
  }
  if (!renewed) {
    (void)co_await gate_.give_back(pass.reservation, now, Deadline::after(kTidyUp));
    co_return fail(renewed.error());
  }
  if (!*renewed) {  // solved or spent while this was on its way
    auto back = co_await gate_.give_back(pass.reservation, now, caller.deadline);
    co_return fail(back ? ended() : back.error());
  }
  const auto channel = co_await deliver(sending, pass.reservation, caller.deadline);
  if (!channel) co_return fail(channel.error());
  co_return answer(std::move(id), sending, *channel, pass.resend_at);
}

// ---- guessing ----

Result<void> CodeVerification::demand_form(std::string_view digits) const {
  std::int64_t fewest = kFewestDigits;
  if (parts_.verifier != nullptr) {
    for (const Channel each : rules_.channels) fewest = std::min(fewest, parts_.verifier->code_length(each));
  }
  const auto size = static_cast<std::int64_t>(digits.size());
  if (size >= fewest && size <= kMostDigits &&
      std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
    return {};
  }
  return fail(field_error("code", "must be " + std::to_string(fewest) + " to " + std::to_string(kMostDigits) +
                                      " digits; spaces and hyphens may stand between them"));
}

Task<Result<Proof>> CodeVerification::check(std::string id, std::string code, Purpose purpose, std::string opened_by,
                                            http::Caller caller) {
  code = digits_of(code);
  // Before anything is looked up, so that this answer is the same for every id.
  if (const auto formed = demand_form(code); !formed) co_return fail(formed.error());
  const Timestamp now = parts_.clock.now();
  Guess guess{.id = crypto::new_uuid(now).str(),
              .challenge = CodeSecrets::stored_id(id),
              .purpose = std::string(schema::word_of(purpose)),
              .opened_by = std::move(opened_by),
              .address = http::address_owner(caller.address),
              .phone_masked = {},
              .code_hash = {}};
  const auto found = co_await challenges_.find(guess.challenge, caller.deadline);
  if (!found) co_return fail(found.error());
  // One that is not there is guessed at all the same, and takes as long.
  Carried carried;
  if (*found && (*found)->payload) {
    // What was sealed under another MASTER_KEY cannot be proven any more.
    if (auto opened = secrets_.open(*(*found)->payload, guess.challenge)) {
      carried = *std::move(opened);
      guess.phone_masked = carried.phone_number.masked();
    }
  }
  guess.code_hash = secrets_.code_hash(guess.purpose, carried.phone_number, guess.challenge, code);
  // Without what was sealed there is no number to prove, whatever a provider would say.
  const bool may_ask_provider = parts_.verifier != nullptr && !guess.phone_masked.empty();
  const auto state = may_ask_provider
                         ? co_await guess_at_provider(std::move(guess), now, std::move(code), caller.deadline)
                         : co_await challenges_.guess(std::move(guess), now, caller.deadline);
  if (!state) co_return fail(state.error());
  if (!state->right) co_return fail(failure_of(*state, now));
  co_return Proof{std::move(carried.phone_number), std::move(carried.payload)};
}

Task<Result<GuessState>> CodeVerification::guess_at_provider(Guess guess, Timestamp now, std::string code,
                                                             Deadline deadline) {
  auto references = co_await challenges_.provider_references(guess.challenge, now, deadline);
  if (!references) co_return fail(references.error());
  if (references->empty()) co_return co_await challenges_.guess(std::move(guess), now, deadline);

  guess.code_hash.reset();
  const auto counted = co_await challenges_.guess(guess, now, deadline);
  if (!counted || !counted->counted) co_return counted;
  const auto right = co_await provider_says_right(*std::move(references), std::move(code), deadline);
  if (!right) co_return fail(right.error());
  auto settled = co_await challenges_.settle(std::move(guess), *right, now, Deadline::after(kTidyUp));
  // Another guess may have been counted since; this one was, too.
  if (settled) settled->counted = settled->address_counted = true;
  co_return settled;
}

Task<Result<bool>> CodeVerification::provider_says_right(std::vector<std::string> references, std::string code,
                                                         Deadline deadline) {
  for (const std::string& reference : references) {
    const auto verdict = co_await parts_.verifier->check(reference, code, deadline);
    if (!verdict) co_return fail(verdict.error());
    if (*verdict == messaging::CodeVerifier::Verdict::right) co_return true;
  }
  co_return false;
}

// ---- operating ----

Task<Result<bool>> CodeVerification::unlock(PhoneNumber number, Deadline deadline) {
  std::string phone_hash = secrets_.phone_hash(number);
  const auto unlocked = co_await challenges_.unlock(phone_hash, deadline);
  if (!unlocked || !*unlocked) co_return unlocked;
  const auto recorded = co_await parts_.events.record({.kind = "phone_unlocked",
                                                       .decision = "allowed",
                                                       .phone_hash = std::move(phone_hash),
                                                       .phone_masked = number.masked()},
                                                      deadline);
  if (!recorded) co_return fail(recorded.error());
  co_return true;
}

Task<Result<std::int64_t>> CodeVerification::sweep(std::int64_t limit, Deadline deadline) {
  const Timestamp now = parts_.clock.now();
  const auto challenges =
      co_await challenges_.sweep(now, now - rules_.challenge_life, now - kKeepChallenges, limit, deadline);
  if (!challenges) co_return challenges;
  const auto sends = co_await gate_.sweep(now - kKeepSends, limit, deadline);
  if (!sends) co_return sends;
  const auto events = co_await parts_.events.sweep(now - kKeepEvents, limit, deadline);
  if (!events) co_return events;
  co_return *challenges + *sends + *events;
}

}  // namespace kriya::verification
