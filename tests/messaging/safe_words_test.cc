#include "messaging/safe_words.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kriya::messaging {
namespace {

TEST(SafeWords, KeepPlainWords) {
  EXPECT_EQ(safe_words("Delivered to handset"), "Delivered to handset");
  EXPECT_EQ(safe_words("Missing Required Parameter phone_number"), "Missing Required Parameter phone_number");
}

TEST(SafeWords, LoseNumbersQuotationsAndWhatFollowsAColon) {
  EXPECT_EQ(safe_words("Invalid number 15558675309 given"), "Invalid number ... given");
  EXPECT_EQ(safe_words("Blocked \"Your code is 123456\" here"), "Blocked  here");
  EXPECT_EQ(safe_words("Invalid value for parameter message: Your code is 123456"),
            "Invalid value for parameter message");
  EXPECT_EQ(safe_words("line\nbreak\x1b[31m"), "linebreak[31m");
}

RC_GTEST_PROP(SafeWords, NeverHoldThreeDigitsInARow, (const std::string& words)) {
  const std::string safe = safe_words(words + "1234567");
  std::size_t digits = 0;
  for (const char c : safe) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    RC_ASSERT(digits < 3);
  }
  RC_ASSERT(safe.size() <= 162);
}

}  // namespace
}  // namespace kriya::messaging
