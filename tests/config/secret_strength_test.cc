#include "config/secret_strength.h"

#include <gtest/gtest.h>

namespace kriya::config {
namespace {

TEST(SecretStrength, FindsThePlaceholdersOfDocumentsAndTemplates) {
  for (const char* text : {"your-secret-key", "your-super-secret-jwt-key-change-this-in-production",
                           "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME", "please change me, please change me",
                           "your_jwt_secret_key_of_32_characters", "your-plane-api-key",
                           "replace-with-32-random-bytes-here", "supersecretsupersecretsupersecret"}) {
    EXPECT_TRUE(weakness_of(Secret(text))) << text;
  }
}

TEST(SecretStrength, FindsMonotony) {
  EXPECT_TRUE(weakness_of(Secret(std::string(64, 'a'))));
  EXPECT_TRUE(weakness_of(Secret("abcdefgabcdefgabcdefgabcdefgabcdefg")));
  EXPECT_FALSE(weakness_of(Secret("abcdefghabcdefghabcdefghabcdefgh")));
}

TEST(SecretStrength, AcceptsRandomTexts) {
  EXPECT_FALSE(weakness_of(Secret("q1tLGBjpBC1L0eN2SbZxTnFJ5dPwIfCkxvYhAoUmRsE")));
  EXPECT_FALSE(weakness_of(Secret("3f1c9a2be07d4586b1d0e4c7a95f28633f1c9a2be07d4586")));
}

}  // namespace
}  // namespace kriya::config
