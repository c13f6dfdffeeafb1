#include "base/time.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/uuid.h"

namespace kriya {
namespace {

TEST(Rfc3339, WritesWholeSecondsWithoutAFraction) {
  EXPECT_EQ(to_rfc3339(Timestamp{0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(Timestamp::from_seconds(1'709'210'096)), "2024-02-29T12:34:56Z");
  EXPECT_EQ(to_rfc3339(Timestamp{1'000'001}), "1970-01-01T00:00:01.000001Z");
}

RC_GTEST_PROP(Rfc3339, ReadsBackWhatItWrites, ()) {
  const Timestamp time{*rc::gen::inRange<std::int64_t>(0, 253'402'300'799'999'999)};
  RC_ASSERT(parse_rfc3339(to_rfc3339(time)) == time);
}

TEST(Rfc3339, RefusesWhatIsNoSuchTime) {
  for (const char* text :
       {"", "2026-11-21", "2026-11-21 09:30:00Z", "2026-02-30T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T09:30:00",
        "2026-11-21T09:30:00+01:00", "2026-11-21T09:30:00.5Z", "-026-11-21T09:30:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(HttpDate, IsTheExampleOfRfc9110) {
  EXPECT_EQ(to_http_date(*parse_rfc3339("1994-11-06T08:49:37Z")), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Uuid, Version7BearsTimeVersionAndVariant) {
  const Uuid uuid =
      Uuid::v7(Timestamp{0x017F22E279B0LL * 1000 + 798}, {0xfc, 0xc3, 0xd8, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f});
  EXPECT_EQ(uuid.str(), "017f22e2-79b0-7cc4-98c4-dc0c0c07398f");  // RFC 9562 appendix A.6, but 798 µs are cc4
}

TEST(Uuid, LaterOnesSortLater) {
  EXPECT_LT(Uuid::v7(Timestamp{1'000'000}, {0xff}), Uuid::v7(Timestamp{2'000'000}, {0x00}));
  EXPECT_LT(Uuid::v7(Timestamp{1'000'001}, {0xff, 0xff, 0xff}), Uuid::v7(Timestamp{1'000'002}, {}));
}

TEST(Uuid, ReadsEitherCaseAndNothingElse) {
  EXPECT_EQ(Uuid::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")->str(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  for (const char* text : {"", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
                           "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2079b0-7cc3-98c4-dc0c0c07398f"}) {
    EXPECT_FALSE(Uuid::parse(text)) << text;
  }
}

}  // namespace
}  // namespace kriya
