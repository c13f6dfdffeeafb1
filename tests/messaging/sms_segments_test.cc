#include "messaging/sms_segments.h"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kriya::messaging {
namespace {

std::string times(int count, std::string_view text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

struct Case {
  const char* what;
  std::string text;
  SmsEncoding encoding;
  std::int64_t segments;
};

// What a carrier billed: github.com/TwilioDevEd/message-segment-calculator, issue 66.
TEST(SmsSegments, CountsWhatWasBilled) {
  const Case cases[] = {
      {"160 x a", times(160, "a"), SmsEncoding::gsm7, 1},
      {"161 x a", times(161, "a"), SmsEncoding::gsm7, 2},
      {"1 x |", "|", SmsEncoding::gsm7, 1},
      {"70 x U+4E2D", times(70, "\u4E2D"), SmsEncoding::ucs2, 1},
      {"71 x U+4E2D", times(71, "\u4E2D"), SmsEncoding::ucs2, 2},
      {"70 x U+00E9 precomposed", times(70, "\u00E9"), SmsEncoding::gsm7, 1},
      {"70 x (e + U+0301)", times(70, "e\u0301"), SmsEncoding::ucs2, 3},
      {"curly quotes", "\u201Chello\u201D", SmsEncoding::ucs2, 1},
      {"80 a + CRLF + 79 a", times(80, "a") + "\r\n" + times(79, "a"), SmsEncoding::gsm7, 2},
      {"80 a + LF + 79 a", times(80, "a") + "\n" + times(79, "a"), SmsEncoding::gsm7, 1},
  };
  for (const Case& each : cases) {
    const SmsSize size = sms_size(each.text);
    EXPECT_EQ(size.encoding, each.encoding) << each.what;
    EXPECT_EQ(size.segments, each.segments) << each.what;
  }
}

TEST(SmsSegments, CountsExtensionCharactersTwiceOnlyInGsm) {
  EXPECT_EQ(sms_size("|").units, 2);
  EXPECT_EQ(sms_size("|\u4E2D").units, 2);
  EXPECT_EQ(sms_size(times(80, "\u20AC")).segments, 1);
  EXPECT_EQ(sms_size(times(81, "\u20AC")).segments, 2);
}

TEST(SmsSegments, CutsNeitherAnExtensionCharacterNorASurrogatePair) {
  // 152 septets, then a pair that does not fit into the 153rd, so that 306 septets need three segments.
  EXPECT_EQ(sms_size(times(152, "a") + "|" + times(152, "a")).segments, 3);
  EXPECT_EQ(sms_size(times(153, "a") + times(153, "a")).segments, 2);
  EXPECT_EQ(sms_size(times(66, "\u4E2D") + "\U0001F600" + times(66, "\u4E2D")).segments, 3);
}

TEST(SmsSegments, BrokenUtf8CostsOneCharacterAByte) {
  EXPECT_EQ(sms_size("\xFF\xC0\x80").units, 3);
  EXPECT_EQ(sms_size("a\xE4\xB8").units, 3);
  EXPECT_EQ(sms_size("").segments, 1);
}

RC_GTEST_PROP(SmsSegments, ALongerTextNeverCostsLess, (const std::string& text, char more)) {
  RC_ASSERT(sms_size(text + (static_cast<unsigned char>(more) < 0x80 ? std::string(1, more) : "x")).segments >=
            sms_size(text).segments);
}

}  // namespace
}  // namespace kriya::messaging
