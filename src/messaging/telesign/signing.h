// How requests to Telesign are authenticated (developer.telesign.com, "Authentication"): TSA digest and Basic.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"
#include "http/client/client.h"

namespace kriya::messaging::telesign {

struct Credentials {
  std::string customer_id;
  Secret api_key;  // as Telesign shows it: base64
};

/// The two values that make each signature another one.
struct Stamp {
  std::string date;           // "Wed, 14 Dec 2016 18:20:12 GMT"
  std::string nonce;          // never used before; a UUID
  bool in_x_ts_date = false;  // for whoever cannot send `Date`: it travels as `x-ts-date`
};

/// What a signature covers. The query string is never part of it.
struct SignedParts {
  std::string_view method;
  std::string_view path;
  std::string_view content_type;  // as sent; signed with POST and PUT only
  std::string_view body;          // the very bytes that are sent
};

/// Safe to use from any thread.
class TelesignSigner {
 public:
  /// Throws std::runtime_error when the key is no base64: a mistake of configuration.
  explicit TelesignSigner(Credentials credentials);

  /// Authorization, Date (or x-ts-date), x-ts-auth-method, x-ts-nonce, and Content-Type if there is one.
  http::client::Headers digest(const SignedParts& parts, const Stamp& stamp) const;

  /// Authorization, and Content-Type if there is one.
  http::client::Headers basic(std::string_view content_type) const;

  static std::string string_to_sign(const SignedParts& parts, const Stamp& stamp);

 private:
  Credentials credentials_;
  Secret key_;  // decoded
};

/// The bytes behind an API key. Throws like TelesignSigner.
Secret decoded_key(const Secret& api_key);

}  // namespace kriya::messaging::telesign
