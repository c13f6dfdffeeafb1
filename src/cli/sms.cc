// kriya sms: sending a message, the record of all messages, and a check of live credentials.
#include <cstdio>
#include <iostream>

#include "cli/commands.h"
#include "cli/complaint.h"
#include "cli/local_phone.h"
#include "cli/pretty_json.h"
#include "cli/sms_selftest.h"
#include "messaging/message_contents.h"
#include "runtime/io_threads.h"

namespace kriya::cli {
namespace {

using messaging::MessageRecord;
using messaging::Status;

void print(const MessageRecord& record) { std::puts(pretty_json(*parse_json(schema::write(record))).c_str()); }

struct SmsArguments {
  std::string number;
  std::string text;
  std::string id;
  std::string status;
  std::string phone;
  std::string purpose = "transactional";
  std::int64_t limit = 20;
  bool as_json = false;
};

Task<Result<void>> send(LocalPhone& local, SmsArguments given) {
  const auto number = read_number(given.number);
  if (!number) co_return fail(number.error());
  schema::FieldErrors errors;  // as POST /api/sms/send has them
  errors.inside("text", [&] { messaging::check_sms_text(given.text, errors); });
  if (!errors.empty()) co_return fail(std::move(errors).as_error());
  messaging::NewMessage message{.to = *number, .content = {}, .requested_by = "operator"};
  message.content.text = given.text;
  message.purpose = *schema::parse_word<messaging::Purpose>(given.purpose);
  const auto record = co_await local.services().outbox().send(std::move(message), command_deadline());
  if (!record) co_return fail(record.error());
  print(*record);
  if (record->status == Status::failed) co_return fail(Errc::delivery_failed, "The message was not sent.");
  co_return Result<void>();
}

Task<Result<void>> status(LocalPhone& local, std::string id) {
  const auto uuid = Uuid::parse(id);
  if (!uuid) co_return fail(Errc::invalid_fields, "'" + id + "' is no message id.");
  const auto found = co_await local.services().outbox().store().find(*uuid, command_deadline());
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(Errc::not_found, "There is no message " + id + ".");
  print((*found)->record);
  co_return Result<void>();
}

void print_line(const MessageRecord& record) {
  std::printf("%s  %s  %-16s  %-8s  %-9s  %-8s  %s\n", record.id.str().c_str(),
              to_rfc3339(record.created_at).substr(0, 19).c_str(), record.phone_number.c_str(),
              std::string(schema::word_of(record.channel)).c_str(), std::string(schema::word_of(record.status)).c_str(),
              record.provider.c_str(), record.provider_code.value_or("").c_str());
}

Task<Result<void>> log(LocalPhone& local, SmsArguments given) {
  messaging::MessageFilter filter;
  filter.limit = given.limit;
  filter.status = schema::parse_word<Status>(given.status);
  if (!given.phone.empty()) {
    const auto number = read_number(given.phone);
    if (!number) co_return fail(number.error());
    filter.phone_hash = PhoneHash(local.store().settings().master_key).of(*number);
  }
  const auto messages = co_await local.services().outbox().store().list(std::move(filter), command_deadline());
  if (!messages) co_return fail(messages.error());
  for (const auto& message : *messages) {
    if (given.as_json) {
      std::puts(schema::write(message.record).c_str());
    } else {
      print_line(message.record);
    }
  }
  co_return Result<void>();
}

/// Returns the exit code.
int selftest(LocalPhone& local, const std::string& number) {
  const auto delivered = run_to_completion(sms_selftest(local, number));
  if (!delivered) return report(delivered.error());
  return *delivered ? 0 : kSelftestSawNoDelivery;
}

/// `action` returns a task, or the exit code.
template <class Action>
CLI::App* add_action(CLI::App& parent, const char* name, const char* description,
                     const std::shared_ptr<SmsArguments>& arguments, int& exit_code, Action action) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->callback([arguments, action, &exit_code] {
    const auto local = LocalPhone::open();
    if (!local) {
      exit_code = 1;
    } else if constexpr (std::is_same_v<decltype(action(*local, *arguments)), int>) {
      exit_code = action(*local, *arguments);
    } else {
      exit_code = LocalStore::run(action(*local, *arguments));
    }
  });
  return command;
}

}  // namespace

void add_sms(CLI::App& app, int& exit_code) {
  CLI::App* sms = app.add_subcommand("sms", "Send messages, look at the record, check the provider");
  sms->require_subcommand(1);
  const auto arguments = std::make_shared<SmsArguments>();

  CLI::App* send_command = add_action(*sms, "send", "Send a text, on record like the server's", arguments, exit_code,
                                      [](LocalPhone& local, const SmsArguments& given) { return send(local, given); });
  send_command->add_option("number", arguments->number, "E.164, like +14155550123")->required();
  send_command->add_option("text", arguments->text, "What it says")->required();
  send_command->add_option("--purpose", arguments->purpose, "Why it is sent")
      ->check(CLI::IsMember({"code", "transactional", "marketing"}))
      ->capture_default_str();

  add_action(*sms, "status", "One message of the record, as JSON", arguments, exit_code,
             [](LocalPhone& local, const SmsArguments& given) { return status(local, given.id); })
      ->add_option("id", arguments->id, "The message's id")
      ->required();

  CLI::App* log_command = add_action(*sms, "log", "The record of messages, newest first", arguments, exit_code,
                                     [](LocalPhone& local, const SmsArguments& given) { return log(local, given); });
  log_command->add_option("--limit", arguments->limit, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
  log_command->add_option("--status", arguments->status, "Only those of this status")
      ->check(CLI::IsMember(
          {"queued", "sending", "unknown", "accepted", "sent", "expired", "failed", "delivered", "read"}));
  log_command->add_option("--phone", arguments->phone, "Only those to this number");
  log_command->add_flag("--json", arguments->as_json, "One JSON object a line");

  add_action(*sms, "selftest",
             "Check live credentials step by step with your own number; sends one message. Exit code 1: a step failed; "
             "2: sent, but nobody saw it arrive",
             arguments, exit_code,
             [](LocalPhone& local, const SmsArguments& given) { return selftest(local, given.number); })
      ->add_option("number", arguments->number, "Your own, E.164")
      ->required();
}

}  // namespace kriya::cli
