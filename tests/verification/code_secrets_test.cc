#include "verification/code_secrets.h"

#include <algorithm>
#include <array>
#include <set>

#include <gtest/gtest.h>

namespace kriya::verification {
namespace {

const Secret kMaster("a master key that is long enough for tests");
const PhoneNumber kPhone = PhoneNumber::parse("+14155550123").value();
const PhoneNumber kBen = PhoneNumber::parse("+14155550124").value();

TEST(RandomCode, HasTheLengthAndOnlyDigits) {
  for (const unsigned length : {6U, 10U}) {
    const std::string code = random_code(length);
    EXPECT_EQ(code.size(), length);
    EXPECT_TRUE(std::ranges::all_of(code, [](char c) { return c >= '0' && c <= '9'; }));
  }
}

// 300,000 digits, of which 30,000 are expected to be each. The sum is 9 on average; bytes modulo 10 without care, which
// favour 0 to 5 by four per cent, would bring it to some 120.
TEST(RandomCode, EveryDigitIsAsLikelyAsAnyOther) {
  std::array<double, 10> counts{};
  for (int i = 0; i < 50'000; ++i) {
    for (const char c : random_code(6)) ++counts[static_cast<std::size_t>(c - '0')];
  }
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - 30'000) * (count - 30'000) / 30'000;
  EXPECT_LT(chi_square, 50);  // by chance more once in ten million runs
}

TEST(CodeSecrets, AHashIsGoodForItsPurposeNumberAndChallengeAlone) {
  const CodeSecrets secrets(kMaster);
  const std::set<std::string> hashes{secrets.code_hash("sign_in", kPhone, "one", "123456"),
                                     secrets.code_hash("change_phone", kPhone, "one", "123456"),
                                     secrets.code_hash("sign_in", kBen, "one", "123456"),
                                     secrets.code_hash("sign_in", kPhone, "two", "123456"),
                                     secrets.code_hash("sign_in", kPhone, "one", "123457"),
                                     CodeSecrets(Secret("another key")).code_hash("sign_in", kPhone, "one", "123456")};
  EXPECT_EQ(hashes.size(), 6U);
  EXPECT_EQ(secrets.code_hash("sign_in", kPhone, "one", "123456"),
            CodeSecrets(kMaster).code_hash("sign_in", kPhone, "one", "123456"));
}

TEST(CodeSecrets, ASessionOfTheOwnerHasAGuardOfItsOwn) {
  const CodeSecrets secrets(kMaster);
  const std::set<std::string> guards{secrets.guard(kPhone, {}), secrets.guard(kPhone, "s1"),
                                     secrets.guard(kPhone, "s2"), secrets.guard(kBen, "s1"),
                                     secrets.phone_hash(kPhone)};
  EXPECT_EQ(guards.size(), 5U);
}

TEST(CodeSecrets, WhatAChallengeCarriesOpensInItsOwnRowOnly) {
  const CodeSecrets secrets(kMaster);
  const std::string sealed = secrets.seal({kPhone, R"({"first_name":"Asha"})", std::nullopt}, "one");
  EXPECT_EQ(sealed.find("4155550123"), std::string::npos);
  EXPECT_EQ(secrets.open(sealed, "one")->payload, R"({"first_name":"Asha"})");
  EXPECT_EQ(secrets.open(sealed, "one")->phone_number.str(), kPhone.str());
  EXPECT_FALSE(secrets.open(sealed, "two"));
}

}  // namespace
}  // namespace kriya::verification
