#include "cli/local_phone.h"

#include "app/keys.h"
#include "cli/complaint.h"

namespace kriya::cli {

std::unique_ptr<LocalPhone> LocalPhone::open() {
  std::unique_ptr<LocalPhone> local(new LocalPhone);
  local->store_ = LocalStore::open();
  if (!local->store_) return nullptr;
  LocalStore& store = *local->store_;
  auto services = app::PhoneServices::open(store.settings(), app::public_url(store.settings(), store.settings().port),
                                           store.database(), local->clock_, store.log(), store.metrics());
  if (!services) {
    report(services.error());
    return nullptr;
  }
  local->services_ = *std::move(services);
  return local;
}

http::Caller LocalPhone::operator_caller() const {
  return {.address = "127.0.0.1",
          .user_agent = "kriya",
          .request_id = {},
          .deadline = command_deadline(),
          .loopback = true,
          .bearer = {}};
}

Result<PhoneNumber> read_number(const std::string& text) {
  auto number = PhoneNumber::parse(text);
  if (number) return *std::move(number);
  return fail(Errc::invalid_fields, "'" + text + "' " + number.error() + ".");
}

}  // namespace kriya::cli
