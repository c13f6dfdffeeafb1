#include "messaging/telesign/codes.h"

#include <gtest/gtest.h>

namespace kriya::messaging::telesign {
namespace {

Status status_of(std::int64_t code) { return meaning_of(code).value_or(Meaning{}).status; }

TEST(TelesignCodes, SayHowFarAMessageCame) {
  for (const int code : {290, 292, 295, 3001, 3040, 3056, 103, 105, 3901})
    EXPECT_EQ(status_of(code), Status::accepted) << code;
  for (const int code : {203, 3002}) EXPECT_EQ(status_of(code), Status::sent) << code;
  for (const int code : {200, 201, 3000, 100, 3900}) EXPECT_EQ(status_of(code), Status::delivered) << code;
  EXPECT_EQ(status_of(3005), Status::read);
  for (const int code : {207, 211, 221, 229, 230,  231,  232,  233,   237,   238,  286,
                         500, 504, 518, 521, 3003, 3035, 3116, 10032, 11000, 12000}) {
    EXPECT_EQ(status_of(code), Status::failed) << code;
  }
}

TEST(TelesignCodes, AdmitThatNobodyKnows) {
  for (const int code : {250, 251, 599, 3004, 3039}) EXPECT_EQ(status_of(code), Status::unknown) << code;
  for (const std::int64_t code :
       {std::int64_t{291}, std::int64_t{0}, std::int64_t{999'999}, std::int64_t{-99'999}, INT64_MAX, INT64_MIN}) {
    EXPECT_FALSE(meaning_of(code)) << code;
  }
}

TEST(TelesignCodes, LetOnlyTheDocumentedTemporaryFailuresBeRetried) {
  for (const int code : {503, 505, 3041, 3043, 3054, 10000, -90001, 3500, 10019, 3204, 3205})
    EXPECT_TRUE(meaning_of(code)->retryable) << code;
  for (const int code : {504, 506, 229, 233, 518, 10002, 10030, 11000, -10001, -40008, 10020, 3207, 222, 516}) {
    EXPECT_FALSE(meaning_of(code)->retryable) << code;
  }
}

TEST(TelesignCodes, TellAnAccountsProblemFromAMessages) {
  for (const int code : {10002, 10010, 10022, 10030, 10035, -30000, -30015, -20002, -40008, 3400, 3413}) {
    EXPECT_TRUE(is_account_problem(code)) << code;
  }
  for (const int code : {11000, 10032, 10033, -10001, 233, 10000, 290, 77})
    EXPECT_FALSE(is_account_problem(code)) << code;
}

}  // namespace
}  // namespace kriya::messaging::telesign
