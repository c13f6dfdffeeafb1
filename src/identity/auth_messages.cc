#include "identity/auth_messages.h"

namespace kriya::identity {

UserBody to_body(const User& user) {
  return {.id = user.id,
          .phone_number = user.phone_number,
          .first_name = user.first_name,
          .last_name = user.last_name,
          .email = user.email,
          .created_at = user.created_at};
}

}  // namespace kriya::identity
