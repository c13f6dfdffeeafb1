#include "crypto/digest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/encoding.h"
#include "rfc_vectors.h"

namespace kriya::crypto {
namespace {

using vectors::from_hex;

std::string range(int first, int last) {
  std::string bytes;
  for (int byte = first; byte <= last; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

TEST(Sha256, MatchesFips180) {
  EXPECT_EQ(hex_encode(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_encode(sha256({})), hex_encode(sha256("")));
  EXPECT_EQ(hex_encode(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(HmacSha256, MatchesRfc4231) {
  EXPECT_EQ(hex_encode(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex_encode(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesAnEmptyKeyAndMessage) {
  EXPECT_EQ(hex_encode(hmac_sha256({}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(HkdfSha256, MatchesRfc5869) {
  const Secret short_material(std::string(22, '\x0b'));
  EXPECT_EQ(hkdf_sha256(short_material, range(0, 0x0c), range(0xf0, 0xf9), 42).reveal(),
            from_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"));
  EXPECT_EQ(hkdf_sha256(Secret(range(0, 0x4f)), range(0x60, 0xaf), range(0xb0, 0xff), 82).reveal(),
            from_hex("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                     "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"));
  EXPECT_EQ(hkdf_sha256(short_material, "", "", 42).reveal(),
            from_hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"));
}

TEST(DeriveKey, IsHkdfWithThePurposeAsInfo) {
  const Secret master("0123456789abcdef0123456789abcdef");
  EXPECT_EQ(hex_encode(derive_key(master, "csrf").reveal()),
            "a4116b677c18fe8b426683217a3189120ab9710ab2c827f8bccd2715d690dbb1");  // computed with Python's hmac
}

TEST(DeriveKey, GivesEveryPurposeAndMasterItsOwnKey) {
  const Secret master("0123456789abcdef0123456789abcdef");
  const Secret other("0123456789abcdef0123456789abcdeF");
  EXPECT_NE(derive_key(master, "csrf").reveal(), derive_key(master, "refresh").reveal());
  EXPECT_NE(derive_key(master, "csrf").reveal(), derive_key(other, "csrf").reveal());
}

RC_GTEST_PROP(EqualInConstantTime, AgreesWithEquality, (const std::string& left, const std::string& right)) {
  RC_ASSERT(equal_in_constant_time(left, right) == (left == right));
  RC_ASSERT(equal_in_constant_time(left, std::string(left)));
  RC_ASSERT(!equal_in_constant_time(left, left + '\0'));
}

}  // namespace
}  // namespace kriya::crypto
