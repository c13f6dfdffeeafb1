#include "identity/key_ring.h"

#include <gtest/gtest.h>

#include "tests/support/test_database.h"

namespace kriya::identity {
namespace {

using crypto::Algorithm;
using tests::soon;

const Secret kMaster("a-master-key-of-more-than-32-bytes!!!!");

class KeyRingTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  Result<KeyRing> load(Algorithm algorithm, const Secret& master = kMaster) {
    return run_to_completion(KeyRing::from_database(algorithm, master, *database_, Timestamp{}, soon()));
  }
  tests::TestDatabase database_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Engines, KeyRingTest, tests::every_engine(), tests::engine_name);

TEST_P(KeyRingTest, EveryInstanceOnADatabaseHasTheSameKey) {
  for (const Algorithm algorithm : {Algorithm::es256, Algorithm::eddsa, Algorithm::rs256}) {
    const auto first = load(algorithm);
    const auto second = load(algorithm);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->signing().id(), second->signing().id());
    EXPECT_TRUE(second->signing().verify("text", first->signing().sign("text")));
  }
}

TEST_P(KeyRingTest, KeysOfAnEarlierAlgorithmStillVerify) {
  const auto before = load(Algorithm::es256);
  const auto after = load(Algorithm::eddsa);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->signing().algorithm(), Algorithm::eddsa);
  EXPECT_EQ(after->verifying().size(), 2U);
  EXPECT_NE(after->jwks().find(before->signing().id()), std::string::npos);
}

TEST_P(KeyRingTest, PublishesNoPrivateHalf) {
  const std::string jwks = load(Algorithm::eddsa)->jwks();
  EXPECT_EQ(jwks.find("\"d\""), std::string::npos);
  EXPECT_NE(jwks.find("\"use\":\"sig\""), std::string::npos);
}

TEST_P(KeyRingTest, SaysThatTheMasterKeyIsAnother) {
  ASSERT_TRUE(load(Algorithm::es256));
  const auto other = load(Algorithm::es256, Secret("another-master-key-of-32-bytes-or-more"));
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().detail.find("MASTER_KEY"), std::string::npos);
}

TEST_P(KeyRingTest, MovesItsKeysToANewMasterKeyOnce) {
  const Secret next("another-master-key-of-32-bytes-or-more");
  const auto rekey = [&](const Secret& from, const Secret& to) {
    return run_to_completion(KeyRing::rekey(from, to, *database_, soon()));
  };
  const std::string id = load(Algorithm::es256)->signing().id();
  EXPECT_EQ(rekey(kMaster, next).value(), 1);
  EXPECT_EQ(rekey(kMaster, next).value(), 0);
  EXPECT_EQ(load(Algorithm::es256, next)->signing().id(), id);
  EXPECT_FALSE(rekey(Secret("neither-of-the-two-keys-that-were-used"), kMaster));
  EXPECT_TRUE(load(Algorithm::es256, next));
}

TEST(KeyRing, PublishesNothingOfAnHmac) {
  const KeyRing ring = KeyRing::from_secrets(Algorithm::hs256, kMaster, {});
  EXPECT_EQ(ring.jwks(), R"({"keys":[]})");
}

}  // namespace
}  // namespace kriya::identity
