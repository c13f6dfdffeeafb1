// Which names of arguments and members stand before something that must not be written down.
#pragma once

#include <string_view>

namespace kriya::audit {

enum class NameKind {
  harmless,
  secret,  // a password, a key, credentials: whatever stands there
  token,   // text that stands there; a number is a count ("max_tokens")
  code,    // what looks like a code that stands there; a word is none ("code": "invalid_fields")
  phone,   // a telephone number
};

/// By the words of a name in any spelling: client_secret, clientSecret, X-Client-Secret, CLIENTSECRET.
NameKind kind_of_name(std::string_view name);

}  // namespace kriya::audit
