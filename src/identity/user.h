// A person who signs in by phone number.
#pragma once

#include <optional>
#include <string>

#include "base/text.h"
#include "base/time.h"
#include "base/uuid.h"
#include "phone/phone_number.h"

namespace kriya::identity {

struct User {
  Uuid id;
  std::string phone_number;  // E.164
  std::string first_name;
  std::optional<std::string> last_name;
  std::optional<std::string> email;  // as typed by the person: never proven
  std::int64_t token_version = 0;    // raised to revoke every token issued before
  Timestamp created_at;
  std::optional<std::string> scope = {};  // what the user may do besides the ordinary, words apart by a space
};

}  // namespace kriya::identity
