#include "verification/code_secrets.h"

#include <utility>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/random.h"

namespace kriya::verification {
namespace {

constexpr unsigned char kFairBytes = 250;  // bytes from here on would make the digits 0 to 5 likelier

}  // namespace

std::string random_code(unsigned digits) {
  std::string code;
  while (code.size() < digits) {
    for (const char c : crypto::random_bytes(digits)) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < kFairBytes && code.size() < digits) code += static_cast<char>('0' + byte % 10);
    }
  }
  return code;
}

CodeSecrets::CodeSecrets(const Secret& master)
    : code_key_(crypto::derive_key(master, "verification-code")),
      guard_key_(crypto::derive_key(master, "guess-guard")),
      phone_hash_(master),
      box_(crypto::derive_key(master, "verification-payload")) {}

std::string CodeSecrets::stored_id(std::string_view verification_id) {
  return base64url_encode(crypto::sha256(verification_id));
}

std::string CodeSecrets::code_hash(std::string_view purpose, const PhoneNumber& number, std::string_view stored_id,
                                   std::string_view code) const {
  std::string message(purpose);  // none of the first three can hold a '|'
  message.append("|").append(number.str()).append("|").append(stored_id).append("|").append(code);
  return base64url_encode(crypto::hmac_sha256(code_key_.reveal(), message));
}

std::string CodeSecrets::guard(const PhoneNumber& number, const std::optional<std::string>& owner_session) const {
  std::string message = number.str();
  if (owner_session) message.append("|").append(*owner_session);
  return base64url_encode(crypto::hmac_sha256(guard_key_.reveal(), message));
}

std::string CodeSecrets::seal(const Carried& carried, std::string_view stored_id) const {
  return box_.seal(schema::write(carried), stored_id);
}

Result<Carried> CodeSecrets::open(std::string_view sealed, std::string_view stored_id) const {
  const auto text = box_.open(sealed, stored_id);
  if (!text) return fail(text.error());
  const auto value = parse_json(text->reveal());
  if (!value) return fail(value.error());
  return schema::read<Carried>(*value);
}

}  // namespace kriya::verification
