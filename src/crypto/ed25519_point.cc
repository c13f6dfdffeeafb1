#include "crypto/ed25519_point.h"

#include <string>

#include "crypto/openssl.h"

namespace kriya::crypto {
namespace {

constexpr std::size_t kSize = 32;
// p = 2^255 - 19 and d = -121665/121666 (RFC 8032 section 5.1).
constexpr const char* kP = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";
constexpr const char* kD = "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3";

BigNumber from_hex(const char* text) {
  BIGNUM* number = nullptr;
  ensure(BN_hex2bn(&number, text) != 0, "BN_hex2bn");
  return BigNumber(number);
}

/// Arithmetic modulo p.
class Field {
 public:
  Field() : p_(from_hex(kP)), context_(ensured<BigNumberContext>(BN_CTX_new(), "BN_CTX_new")) {}

  const BIGNUM& p() const { return *p_; }

  BigNumber add(const BIGNUM& a, const BIGNUM& b) const { return apply<BN_mod_add>(a, b, "BN_mod_add"); }
  BigNumber subtract(const BIGNUM& a, const BIGNUM& b) const { return apply<BN_mod_sub>(a, b, "BN_mod_sub"); }
  BigNumber multiply(const BIGNUM& a, const BIGNUM& b) const { return apply<BN_mod_mul>(a, b, "BN_mod_mul"); }

  /// Whether `a` is the square of something other than 0.
  bool is_nonzero_square(const BIGNUM& a) const {
    const int symbol = BN_kronecker(&a, p_.get(), context_.get());
    ensure(symbol >= -1, "BN_kronecker");
    return symbol == 1;
  }

 private:
  template <auto operation>
  BigNumber apply(const BIGNUM& a, const BIGNUM& b, const char* call) const {
    auto result = ensured<BigNumber>(BN_new(), "BN_new");
    ensure(operation(result.get(), &a, &b, p_.get(), context_.get()) == 1, call);
    return result;
  }

  BigNumber p_;
  BigNumberContext context_;
};

}  // namespace

bool is_ed25519_public_key(std::string_view bytes) {
  if (bytes.size() != kSize) return false;
  std::string encoded(bytes);
  encoded.back() = static_cast<char>(encoded.back() & 0x7f);  // the top bit is the sign of x
  const auto y = ensured<BigNumber>(BN_lebin2bn(data_of(encoded), static_cast<int>(kSize), nullptr), "BN_lebin2bn");

  const Field field;
  if (BN_cmp(y.get(), &field.p()) >= 0 || BN_is_zero(y.get())) return false;  // y = 0 has order 4
  const BigNumber d = from_hex(kD);
  const BigNumber one = from_hex("1");
  const BigNumber yy = field.multiply(*y, *y);
  const BigNumber dyy = field.multiply(*d, *yy);
  // x^2 = (y^2 - 1) / (d y^2 + 1) is a square when numerator times denominator is one; it is 0 for orders 1 and 2.
  const BigNumber numerator = field.subtract(*yy, *one);
  const BigNumber denominator = field.add(*dyy, *one);
  if (!field.is_nonzero_square(*field.multiply(*numerator, *denominator))) return false;
  // Doubling gives y = 0, that is order 8, when x^2 = -y^2, that is d y^4 + 2 y^2 - 1 = 0.
  const BigNumber sum = field.add(*field.multiply(*dyy, *yy), *yy);
  return !BN_is_zero(field.add(*sum, *numerator).get());
}

}  // namespace kriya::crypto
