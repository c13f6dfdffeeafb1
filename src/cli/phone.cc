// kriya phone: what is known of a number, and proving that somebody holds it.
#include <cstdio>
#include <iostream>

#include "cli/commands.h"
#include "cli/local_phone.h"
#include "cli/pretty_json.h"

namespace kriya::cli {
namespace {

constexpr const char* kNoTelesign = "This needs a Telesign account: TELESIGN_CUSTOMER_ID and TELESIGN_API_KEY.";

template <class Described>
void print(const Described& value) {
  std::puts(pretty_json(*parse_json(schema::write(value))).c_str());
}

Task<Result<void>> look_up(LocalPhone& local, std::string number, std::vector<std::string> addons) {
  const auto phone = read_number(number);
  if (!phone) co_return fail(phone.error());
  messaging::NumberLookup* lookup = local.services().providers().lookup;
  if (lookup == nullptr) co_return fail(Errc::verification_unavailable, kNoTelesign);
  const auto report = co_await lookup->look_up(*phone, std::move(addons), command_deadline());
  if (!report) co_return fail(report.error());
  print(*report);
  co_return Result<void>();
}

Task<Result<void>> assess(LocalPhone& local, std::string number, std::string event) {
  const auto phone = read_number(number);
  if (!phone) co_return fail(phone.error());
  messaging::RiskScorer* risk = local.services().providers().risk;
  if (risk == nullptr) co_return fail(Errc::verification_unavailable, kNoTelesign);
  messaging::RiskQuestion question{
      .number = *phone, .event = std::move(event), .client_address = {}, .email = {}, .account_id = {}};
  const auto report = co_await risk->assess(std::move(question), command_deadline());
  if (!report) co_return fail(report.error());
  print(*report);
  co_return Result<void>();
}

/// Asks until the code is right, the challenge is spent, or there is nothing more to read.
Task<Result<void>> verify(LocalPhone& local, std::string number, std::optional<messaging::Channel> channel) {
  const auto phone = read_number(number);
  if (!phone) co_return fail(phone.error());
  auto& verification = local.services().verification();
  verification::StartRequest request{
      .phone_number = *phone, .purpose = verification::Purpose::relay, .opened_by = "operator", .channel = channel};
  const auto started = co_await verification.start(std::move(request), local.operator_caller());
  if (!started) co_return fail(started.error());
  std::printf("A code is on its way to %s by %s.\n", started->phone_number.c_str(),
              std::string(schema::word_of(started->channel)).c_str());
  for (;;) {
    std::printf("Code: ");
    std::fflush(stdout);
    std::string code;
    if (!std::getline(std::cin, code)) co_return fail(Errc::conflict, "No code was typed; nothing is proven.");
    const auto proof = co_await verification.check(started->id, std::string(trim(code)), verification::Purpose::relay,
                                                   "operator", local.operator_caller());
    if (proof) {
      std::printf("Right: %s is proven.\n", proof->phone_number.str().c_str());
      co_return Result<void>();
    }
    if (proof.error().code == Errc::invalid_fields) {  // a slip of the fingers, which cost no try
      std::printf("%s\n", proof.error().detail.c_str());
      continue;
    }
    if (proof.error().code != Errc::invalid_code) co_return fail(proof.error());
    std::printf("Wrong; %lld tries left.\n", static_cast<long long>(proof.error().attempts_left.value_or(0)));
  }
}

Task<Result<void>> unlock(LocalPhone& local, std::string number) {
  const auto phone = read_number(number);
  if (!phone) co_return fail(phone.error());
  const auto unlocked = co_await local.services().verification().unlock(*phone, command_deadline());
  if (!unlocked) co_return fail(unlocked.error());
  std::printf(*unlocked ? "The failed guesses of %s are forgotten.\n" : "%s has no failed guesses.\n",
              phone->str().c_str());
  co_return Result<void>();
}

struct PhoneArguments {
  std::string number;
  std::string event = "sign-in";
  std::string channel;
  std::vector<std::string> addons;
};

template <class Action>
CLI::App* add_action(CLI::App& parent, const char* name, const char* description,
                     const std::shared_ptr<PhoneArguments>& arguments, int& exit_code, Action action) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->add_option("number", arguments->number, "E.164, like +14155550123")->required();
  command->callback([arguments, action, &exit_code] {
    const auto local = LocalPhone::open();
    exit_code = local ? LocalStore::run(action(*local, *arguments)) : 1;
  });
  return command;
}

}  // namespace

void add_phone(CLI::App& app, int& exit_code) {
  CLI::App* phone = app.add_subcommand("phone", "Look numbers up, score them, prove or unlock them");
  phone->require_subcommand(1);
  const auto arguments = std::make_shared<PhoneArguments>();
  add_action(*phone, "lookup", "Type, carrier and blocks of a number (Telesign PhoneID; costs a lookup)", arguments,
             exit_code,
             [](LocalPhone& local, const PhoneArguments& given) { return look_up(local, given.number, given.addons); })
      ->add_option("--addon", arguments->addons, "A further question, e.g. sim_swap; each may cost");
  add_action(*phone, "risk", "Fraud score of a number (Telesign Intelligence; costs a score)", arguments, exit_code,
             [](LocalPhone& local, const PhoneArguments& given) { return assess(local, given.number, given.event); })
      ->add_option("--event", arguments->event, "What the number is used for")
      ->check(CLI::IsMember({"create", "sign-in", "transact", "update", "delete"}))
      ->capture_default_str();
  add_action(*phone, "verify", "Send a code and check what is typed; the limits on codes hold", arguments, exit_code,
             [](LocalPhone& local, const PhoneArguments& given) {
               return verify(local, given.number, schema::parse_word<messaging::Channel>(given.channel));
             })
      ->add_option("--channel", arguments->channel, "How the code travels")
      ->check(CLI::IsMember({"sms", "whatsapp", "voice"}));
  add_action(*phone, "unlock", "Forget a number's failed guesses, also when it is disabled", arguments, exit_code,
             [](LocalPhone& local, const PhoneArguments& given) { return unlock(local, given.number); });
}

}  // namespace kriya::cli
