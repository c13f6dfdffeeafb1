// What keeps codes and numbers out of the database: keys derived from MASTER_KEY.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "crypto/sealed_box.h"
#include "phone/phone_hash.h"
#include "schema/described.h"

namespace kriya::verification {

/// Decimal digits, each as likely as any other, from the system's generator.
std::string random_code(unsigned digits);

/// What an open challenge carries, sealed.
struct Carried {
  PhoneNumber phone_number;
  std::string payload;  // the asker's
  std::optional<Uuid> user_id;
};
BOOST_DESCRIBE_STRUCT(Carried, (), (phone_number, payload, user_id))

/// Safe to use from any thread.
class CodeSecrets {
 public:
  explicit CodeSecrets(const Secret& master);

  /// The id under which a challenge is stored: who reads the database cannot answer it.
  static std::string stored_id(std::string_view verification_id);

  /// HMAC-SHA256 in base64url, good for this purpose, number and challenge alone.
  std::string code_hash(std::string_view purpose, const PhoneNumber& number, std::string_view stored_id,
                        std::string_view code) const;

  std::string phone_hash(const PhoneNumber& number) const { return phone_hash_.of(number); }

  /// The row that counts failed guesses: the number's, or that of a session of its owner.
  std::string guard(const PhoneNumber& number, const std::optional<std::string>& owner_session) const;

  std::string seal(const Carried& carried, std::string_view stored_id) const;

  /// Errors: internal, when it was altered or belongs elsewhere.
  Result<Carried> open(std::string_view sealed, std::string_view stored_id) const;

 private:
  Secret code_key_;
  Secret guard_key_;
  PhoneHash phone_hash_;
  crypto::SealedBox box_;
};

}  // namespace kriya::verification
