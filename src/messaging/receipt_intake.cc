#include "messaging/receipt_intake.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "messaging/provider_words.h"

namespace kriya::messaging {
namespace {

// The words that carriers and providers have agreed on (CTIA's guidelines), and their like in the languages that we
// speak.
constexpr std::array kWithdrawing{"stop",    "stopall", "stop all", "unsubscribe", "cancel", "end",   "quit", "optout",
                                  "opt out", "opt-out", "revoke",   "baja",        "alto",   "parar", "रोकें",  "बंद"};
constexpr std::array kGiving{"start", "unstop", "subscribe", "optin", "opt in", "opt-in", "alta", "शुरू"};

std::string bare_word(std::string_view text) {
  text = trim(text);
  while (!text.empty() && std::string_view(".!,\"'").find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  while (!text.empty() && std::string_view("\"'").find(text.front()) != std::string_view::npos) text.remove_prefix(1);
  return to_lower(trim(text));
}

std::optional<Consent> consent_of(std::string_view words) {
  constexpr std::size_t kLongest = 32;
  if (words.size() > kLongest) return std::nullopt;
  const std::string word = bare_word(words);
  if (std::ranges::find(kWithdrawing, word) != kWithdrawing.end()) return Consent::withdrawn;
  if (std::ranges::find(kGiving, word) != kGiving.end()) return Consent::given;
  return std::nullopt;
}

}  // namespace

std::optional<Consent> consent_in(const InboundMessage& message) {
  if (const auto by_provider = consent_of(message.keyword)) return by_provider;
  return consent_of(message.text);
}

ReceiptIntake::ReceiptIntake(Parts parts) : parts_(parts), store_(parts_.database), phone_hash_(parts_.master) {}

Task<Result<void>> ReceiptIntake::take(std::string provider, Receipts receipts, Deadline deadline) {
  for (StatusReport& report : receipts.reports) report = tamed(std::move(report));
  std::vector<Wish> wishes;
  for (const InboundMessage& inbound : receipts.inbound) {
    const auto consent = consent_in(inbound);
    if (!consent) continue;
    const bool given = *consent == Consent::given;
    wishes.push_back({.reference = tamed(inbound).reference,
                      .phone_hash = phone_hash_.of(inbound.from),
                      .phone_masked = inbound.from.masked(),
                      .keyword = given ? "START" : "STOP",  // never the person's own words
                      .in = given});
  }
  const Timestamp now = parts_.clock.now();
  const auto kept = co_await store_.keep(provider, receipts.reports, wishes, now, deadline);
  if (!kept) co_return fail(kept.error());

  for (const Wish& wish : wishes) {
    if (wish.in) continue;
    const auto opted_out = co_await store_.has_opted_out(wish.phone_hash, deadline);
    if (!opted_out) co_return fail(opted_out.error());
    if (!*opted_out) continue;  // an old wish, replayed
    const auto withdrawn = co_await parts_.outbox.store().withdraw(wish.phone_hash, now, deadline);
    if (!withdrawn) co_return fail(withdrawn.error());
    parts_.log.info("a recipient has opted out", {{"number", wish.phone_masked}, {"withdrawn", *withdrawn}});
  }
  for (StatusReport& report : receipts.reports) {
    const auto heard = co_await parts_.outbox.hear(provider, std::move(report), deadline);
    if (!heard) co_return fail(heard.error());
    parts_.metrics
        .counter("kriya_receipts_total", "Receipts of providers, by whether a message was known by them.",
                 {{"provider", provider}, {"known", *heard ? "yes" : "no"}})
        .add();
  }
  co_return Result<void>();
}

}  // namespace kriya::messaging
