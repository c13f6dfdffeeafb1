#include "cli/sms_selftest.h"

#include <cstdio>
#include <iostream>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <unistd.h>

#include "crypto/random.h"

namespace kriya::cli {
namespace {

using messaging::MessageRecord;
using messaging::Status;

constexpr std::chrono::seconds kPhonePatience{60};  // for the phone to ring
constexpr std::chrono::seconds kPause{3};           // between two looks at the status

void step(int number, const std::string& said) { std::printf("%d. %s\n", number, said.c_str()), std::fflush(stdout); }

std::string provider_name(config::SmsProvider provider) {
  switch (provider) {
    case config::SmsProvider::none:
      return "none";
    case config::SmsProvider::console:
      return "console";
    case config::SmsProvider::telesign:
      return "telesign";
  }
  return "none";
}

/// Asks about a message that never was: a provider that knows us says that it does not know the message.
Task<Result<void>> check_credentials(LocalPhone& local) {
  const auto& pollers = local.services().providers().pollers;
  const auto poller = pollers.find("telesign");
  if (poller == pollers.end()) co_return Result<void>();
  const std::string nothing = "00000000000000000000000000000000";
  const auto answer = co_await poller->second->poll(nothing, messaging::Channel::sms, command_deadline());
  if (answer || answer.error().code == Errc::not_found) co_return Result<void>();
  co_return fail(answer.error().code,
                 "Telesign does not accept the credentials, or cannot be reached: " + answer.error().detail +
                     " Look at TELESIGN_CUSTOMER_ID, TELESIGN_API_KEY and TELESIGN_BASE_URL.");
}

Task<void> pause() {
  asio::steady_timer timer(co_await asio::this_coro::executor, kPause);
  co_await timer.async_wait(use_result);
}

/// Looks at the record, which the server's receipts change, and asks the provider where it can be asked.
Task<Result<MessageRecord>> await_delivery(LocalPhone& local, MessageRecord record) {
  const auto give_up = Deadline::after(kPhonePatience);
  auto& outbox = local.services().outbox();
  const auto& pollers = local.services().providers().pollers;
  while (record.status < Status::expired && !give_up.passed()) {
    const auto poller = pollers.find(record.provider);
    if (poller == pollers.end() || !record.provider_reference) break;
    co_await pause();
    const auto report = co_await poller->second->poll(*record.provider_reference, record.channel, command_deadline());
    if (report) co_await outbox.hear(record.provider, *report, command_deadline());
    const auto found = co_await outbox.store().find(record.id, command_deadline());
    if (!found) co_return fail(found.error());
    if (*found) record = (*found)->record;
  }
  co_return record;
}

std::string status_words(const MessageRecord& record) {
  std::string words(schema::word_of(record.status));
  if (record.provider_code) words += " (code " + *record.provider_code + ")";
  if (record.detail && !record.detail->empty()) words += ": " + *record.detail;
  return words;
}

/// A person at a terminal types the code back; without a terminal this step is left out. Returns whether it was typed.
Result<bool> ask_for_code(const std::string& code) {
  if (::isatty(STDIN_FILENO) == 0) {
    step(5, "Skipped: no terminal to type the code into.");
    return false;
  }
  std::printf("5. Type the code that arrived: ");
  std::fflush(stdout);
  std::string typed;
  std::getline(std::cin, typed);
  if (trim(typed) != code) return fail(Errc::invalid_code, "That is not the code that was sent.");
  std::puts("   It is the code that was sent.");
  return true;
}

}  // namespace

SelftestEnd end_of_selftest(const MessageRecord& record, bool code_typed) {
  const bool reported = record.status == Status::delivered || record.status == Status::read;
  if (reported && code_typed) return {.delivered = true, .words = "All steps passed."};
  if (reported) return {.delivered = true, .words = "All steps passed but the last, which was skipped."};
  if (code_typed) {
    return {.delivered = true,
            .words = "The message arrived: its code was typed. The provider has not reported that; its last word is " +
                     status_words(record) + "."};
  }
  return {.delivered = false,
          .words = "Sent, but not seen delivered within " + std::to_string(kPhonePatience.count()) +
                   " s: the last word is " + status_words(record) + ". Later, kriya sms status " + record.id.str() +
                   " may tell more."};
}

Task<Result<bool>> sms_selftest(LocalPhone& local, std::string text) {
  const config::Settings& settings = local.store().settings();
  const auto number = read_number(text);
  if (!number) co_return fail(number.error());
  if (settings.sms_provider == config::SmsProvider::none) {
    co_return fail(Errc::verification_unavailable, "SMS_PROVIDER is none: nothing can be sent.");
  }
  const std::string provider = provider_name(settings.sms_provider);
  step(1, "Provider: " + provider +
              (provider == "telesign" ? " at " + settings.telesign_base_url : std::string(", which prints messages")));
  if (auto known = co_await check_credentials(local); !known) co_return fail(std::move(known.error()));
  step(2, provider == "telesign" ? "Telesign accepts the credentials." : "There are no credentials to check.");

  std::string code;
  for (const char byte : crypto::random_bytes(6))
    code += static_cast<char>('0' + static_cast<unsigned char>(byte) % 10);
  messaging::NewMessage message{.to = *number, .content = {}, .requested_by = "operator"};
  message.content.text = settings.service_name + " self-test: the code is " + code + ".";
  auto record = co_await local.services().outbox().send(std::move(message), command_deadline());
  if (!record) co_return fail(record.error());
  step(3, "One message to " + record->phone_number + " of " + std::to_string(record->segments) +
              " segment(s), record " + record->id.str() + ": " + status_words(*record));
  if (record->status == Status::failed) co_return fail(Errc::delivery_failed, "The provider refused the message.");

  record = co_await await_delivery(local, *std::move(record));
  if (!record) co_return fail(record.error());
  step(4, "Status: " + status_words(*record));
  if (record->status == Status::failed) co_return fail(Errc::delivery_failed, "The message did not arrive.");
  if (record->status == Status::expired) co_return fail(Errc::delivery_failed, "The message was not sent in time.");
  if (record->status < Status::accepted) {
    co_return fail(Errc::delivery_failed,
                   "Nobody knows yet whether the message was sent: kriya sms status tells later.");
  }
  const auto typed = ask_for_code(code);
  if (!typed) co_return fail(typed.error());
  const SelftestEnd end = end_of_selftest(*record, *typed);
  std::puts(end.words.c_str());
  co_return end.delivered;
}

}  // namespace kriya::cli
