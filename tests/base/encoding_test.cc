#include "base/encoding.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kriya {
namespace {

TEST(Base64Url, WritesTheVectorsOfRfc4648WithoutPadding) {
  EXPECT_EQ(base64url_encode(""), "");
  EXPECT_EQ(base64url_encode("f"), "Zg");
  EXPECT_EQ(base64url_encode("fo"), "Zm8");
  EXPECT_EQ(base64url_encode("foo"), "Zm9v");
  EXPECT_EQ(base64url_encode("foob"), "Zm9vYg");
  EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
}

RC_GTEST_PROP(Base64Url, ReadsBackWhatItWrites, (const std::string& bytes)) {
  RC_ASSERT(base64url_decode(base64url_encode(bytes)) == bytes);
}

RC_GTEST_PROP(Base64Url, AcceptsOneSpellingOnly, (const std::string& text)) {
  if (const auto bytes = base64url_decode(text)) RC_ASSERT(base64url_encode(*bytes) == text);
}

TEST(Base64Url, RefusesPaddingForeignAlphabetsAndStrayBits) {
  for (const char* text : {"Zg==", "Zg=", "Z", "Zm9v+", "Zm9/", "Zh", "Zm9", "Zm 8", "Zm8\n", "ZZZZZ"}) {
    EXPECT_FALSE(base64url_decode(text)) << text;
  }
  EXPECT_FALSE(base64url_decode(std::string_view("Zm\0v", 4)));
}

TEST(Base64, WritesTheVectorsOfRfc4648WithPadding) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("\xfb\xff"), "+/8=");
}

RC_GTEST_PROP(Base64, ReadsBackWhatItWrites, (const std::string& bytes)) {
  RC_ASSERT(base64_decode(base64_encode(bytes)) == bytes);
}

RC_GTEST_PROP(Base64, AcceptsOneSpellingOnly, (const std::string& text)) {
  if (const auto bytes = base64_decode(text)) RC_ASSERT(base64_encode(*bytes) == text);
}

TEST(Base64, RefusesMissingPaddingForeignAlphabetsAndStrayBits) {
  for (const char* text : {"Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "-_8=", "Zm 8", "Zg==\n", "Zg==Zg==", "Z=g="}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

TEST(PercentDecode, ReadsEscapesAndPlusAndRefusesBrokenOnes) {
  EXPECT_EQ(percent_decode("a%20b+c%2B"), "a b c+");
  EXPECT_EQ(percent_decode("%e0%A4"), "\xe0\xa4");
  for (const char* broken : {"%", "%2", "%g0", "abc%4"}) EXPECT_FALSE(percent_decode(broken)) << broken;
}

TEST(HexEncode, WritesLowerCase) { EXPECT_EQ(hex_encode(std::string_view("\x00\xab\x7f", 3)), "00ab7f"); }

}  // namespace
}  // namespace kriya
