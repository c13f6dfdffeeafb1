#include "cli/sms_selftest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kriya::cli {
namespace {

using messaging::MessageRecord;
using messaging::Status;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

MessageRecord sent_as(Status status) {
  MessageRecord record;
  record.status = status;
  record.provider_code = "290";
  return record;
}

TEST(EndOfSelftest, PassesAllStepsOnlyWhenDeliveryAndCodeWereSeen) {
  for (const Status status : {Status::delivered, Status::read}) {
    const SelftestEnd end = end_of_selftest(sent_as(status), true);
    EXPECT_TRUE(end.delivered);
    EXPECT_EQ(end.words, "All steps passed.");
  }
}

TEST(EndOfSelftest, SaysThatAStepWasSkipped) {
  const SelftestEnd end = end_of_selftest(sent_as(Status::delivered), false);
  EXPECT_TRUE(end.delivered);
  EXPECT_THAT(end.words, HasSubstr("but the last, which was skipped"));
}

TEST(EndOfSelftest, SaysThatNobodySawTheMessageArrive) {
  for (const Status status : {Status::accepted, Status::sent}) {
    const SelftestEnd end = end_of_selftest(sent_as(status), false);
    EXPECT_FALSE(end.delivered);
    EXPECT_THAT(end.words, StartsWith("Sent, but not seen delivered within 60 s: "));
    EXPECT_THAT(end.words, HasSubstr(std::string(schema::word_of(status)) + " (code 290)"));
    EXPECT_THAT(end.words, Not(HasSubstr("passed")));
  }
}

TEST(EndOfSelftest, BelievesThePersonWhoTypedTheCode) {
  const SelftestEnd end = end_of_selftest(sent_as(Status::accepted), true);
  EXPECT_TRUE(end.delivered);
  EXPECT_THAT(end.words, StartsWith("The message arrived: its code was typed."));
  EXPECT_THAT(end.words, Not(HasSubstr("All steps passed")));
}

}  // namespace
}  // namespace kriya::cli
