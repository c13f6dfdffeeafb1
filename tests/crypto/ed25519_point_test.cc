#include "crypto/ed25519_point.h"

#include <gtest/gtest.h>

#include "crypto/key.h"
#include "rfc_vectors.h"

namespace kriya::crypto {
namespace {

bool accepts(std::string_view base64url) { return is_ed25519_public_key(vectors::bytes(base64url)); }

TEST(Ed25519Point, AcceptsThePublicKeyOfRfc8037) {
  EXPECT_TRUE(accepts("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
}

TEST(Ed25519Point, AcceptsEveryGeneratedKey) {
  for (int i = 0; i < 50; ++i) {
    const json::object jwk = Key::generate(Algorithm::eddsa).public_jwk();
    EXPECT_TRUE(accepts(jwk.at("x").as_string()));
  }
}

TEST(Ed25519Point, RefusesBytesOffTheCurve) {
  EXPECT_FALSE(accepts("AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));  // y = 2
}

TEST(Ed25519Point, RefusesASecondSpellingOfAPoint) {
  EXPECT_TRUE(accepts("AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));   // y = 3
  EXPECT_FALSE(accepts("8P_______________________________________38"));  // y = p + 3
}

TEST(Ed25519Point, RefusesPointsOfSmallOrderWithEitherSign) {
  for (const std::string_view point :
       {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "7P_______________________________________38", "7f_______________________________________38",
        "7v_______________________________________38", "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
        "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o"}) {
    EXPECT_FALSE(accepts(point)) << point;
    std::string negative = vectors::bytes(point);
    negative.back() = static_cast<char>(negative.back() | 0x80);
    EXPECT_FALSE(is_ed25519_public_key(negative)) << point;
  }
}

TEST(Ed25519Point, RefusesOtherLengths) {
  const std::string good = vectors::bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  EXPECT_FALSE(is_ed25519_public_key(""));
  EXPECT_FALSE(is_ed25519_public_key(good.substr(1)));
  EXPECT_FALSE(is_ed25519_public_key(good + '\0'));
}

}  // namespace
}  // namespace kriya::crypto
