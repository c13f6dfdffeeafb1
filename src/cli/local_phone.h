// Messages and verification for one sub-command: the same parts, limits and record as the server's.
#pragma once

#include <memory>
#include <string>

#include "app/phone_services.h"
#include "cli/local_store.h"

namespace kriya::cli {

class LocalPhone {
 public:
  /// Nothing, after a line on standard error, when something cannot be used.
  static std::unique_ptr<LocalPhone> open();

  LocalStore& store() { return *store_; }
  app::PhoneServices& services() { return *services_; }
  const Clock& clock() const { return clock_; }

  /// An operator at this machine, as endpoints know callers.
  http::Caller operator_caller() const;

 private:
  LocalPhone() = default;

  SystemClock clock_;
  std::unique_ptr<LocalStore> store_;
  std::unique_ptr<app::PhoneServices> services_;
};

/// A number from the command line. Errors: invalid_fields.
Result<PhoneNumber> read_number(const std::string& text);

}  // namespace kriya::cli
