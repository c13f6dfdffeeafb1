#include "messaging/delivery_rules.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_message_sender.h"

namespace kriya::messaging {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::FakeMessageSender;

const Timestamp kNow = tests::FakeClock().now();

StoredMessage message_with(Status status, std::vector<Channel> channels_left = {}) {
  StoredMessage message;
  message.record.provider = "fake";
  message.record.channel = Channel::whatsapp;
  message.record.status = status;
  message.record.attempts = 1;
  message.record.created_at = kNow;
  message.channels_left = std::move(channels_left);
  message.payload = "sealed";
  return message;
}

StatusReport report_of(const std::string& reference, Status status, bool retryable = false) {
  StatusReport report;
  report.reference = reference;
  report.status = status;
  report.retryable = retryable;
  return report;
}

Move after(const StoredMessage& message, const SendOutcome& outcome, double luck = 1.0, bool can_poll = false) {
  return after_hand_over(message, outcome, kNow, luck, can_poll);
}

TEST(AfterHandOver, PausesGrowWithJitterAndNeverUndercutTheProvider) {
  StoredMessage message = message_with(Status::sending);
  EXPECT_EQ(after(message, FakeMessageSender::busy()).due_at, kNow + seconds(2));
  EXPECT_EQ(after(message, FakeMessageSender::busy(), 0.25).due_at, kNow + milliseconds(500));
  EXPECT_EQ(after(message, FakeMessageSender::busy(seconds(9)), 0.25).due_at, kNow + seconds(9));
  message.record.attempts = 2;
  EXPECT_EQ(after(message, FakeMessageSender::busy()).due_at, kNow + seconds(4));
  message.record.attempts = kMaxAttempts;
  EXPECT_EQ(after(message, FakeMessageSender::busy()).status, Status::failed);
}

TEST(AfterHandOver, WhatWaitsItsTurnIsTriedUntilItsTimeIsOver) {
  StoredMessage message = message_with(Status::sending);
  message.record.attempts = 20;
  message.not_after = kNow + hours(1);
  SendOutcome over_rate = FakeMessageSender::busy();
  over_rate.over_rate = true;
  for (const SendOutcome& outcome : {over_rate, FakeMessageSender::busy(seconds(9)), FakeMessageSender::held_back()}) {
    EXPECT_EQ(after(message, outcome).status, Status::queued);
  }
  EXPECT_EQ(after(message, FakeMessageSender::busy()).status, Status::failed);
  EXPECT_EQ(after(message, FakeMessageSender::busy(hours(1))).status, Status::failed);
  message.channels_left = {Channel::sms};
  EXPECT_EQ(after(message, over_rate).channel, Channel::sms);
}

TEST(AfterHandOver, LeavesTheSmsToAProviderThatSendsItItself) {
  const StoredMessage message = message_with(Status::sending, {Channel::sms, Channel::voice});
  for (SendOutcome outcome : {FakeMessageSender::accepted("r"), FakeMessageSender::ambiguous()}) {
    outcome.sends_sms_itself = true;
    EXPECT_EQ(after(message, outcome).channels_left, std::vector{Channel::voice});
  }
  SendOutcome refused = FakeMessageSender::refused();
  refused.sends_sms_itself = true;
  EXPECT_EQ(after(message, refused).channel, Channel::sms);
}

TEST(AfterHandOver, KeepsThePayloadOnlyWhileAnotherChannelCouldNeedIt) {
  EXPECT_FALSE(after(message_with(Status::sending), FakeMessageSender::accepted("r")).keep_payload);
  EXPECT_FALSE(after(message_with(Status::sending), FakeMessageSender::ambiguous()).keep_payload);
  const StoredMessage with_sms = message_with(Status::sending, {Channel::sms});
  const Move accepted = after(with_sms, FakeMessageSender::accepted("r"));
  EXPECT_TRUE(accepted.keep_payload);
  EXPECT_EQ(accepted.due_at, kNow + kKeepPayload);
  auto delivered = FakeMessageSender::accepted("r");
  delivered.status = Status::delivered;
  EXPECT_FALSE(after(with_sms, delivered).keep_payload);
  EXPECT_EQ(after(with_sms, delivered).due_at, std::nullopt);
}

TEST(AfterHandOver, OnlyADefiniteRefusalIsEverQueuedAgain) {
  rc::check("no accepted or ambiguous hand-over is repeated", [] {
    SendOutcome outcome = *rc::gen::element(FakeMessageSender::accepted("r"), FakeMessageSender::ambiguous());
    outcome.retryable = *rc::gen::arbitrary<bool>();
    outcome.provider_down = *rc::gen::arbitrary<bool>();
    outcome.status = *rc::gen::element(Status::queued, Status::sending, Status::unknown, Status::sent, Status::failed);
    StoredMessage message = message_with(Status::sending, {Channel::sms});
    message.record.attempts = *rc::gen::inRange(1, 5);
    const Move move = after(message, outcome, 0.5, *rc::gen::arbitrary<bool>());
    RC_ASSERT(move.status != Status::queued);
    RC_ASSERT(move.channel == message.record.channel);
  });
}

TEST(Judge, ALateWordOnAnEarlierChannelDoesNotEndALaterOne) {
  StoredMessage message = message_with(Status::sending);
  message.record.attempts = 2;
  message.record.provider_reference = "first";
  EXPECT_EQ(judge(message, "fake", report_of("first", Status::failed), kNow), Word::stale);
  EXPECT_EQ(judge(message, "fake", report_of("first", Status::sent), kNow), Word::stale);
  EXPECT_EQ(judge(message, "fake", report_of("first", Status::delivered), kNow), Word::news);
  message.record.status = Status::accepted;
  message.record.provider_reference = "second";
  EXPECT_EQ(judge(message, "fake", report_of("first", Status::failed), kNow), Word::stale);
  EXPECT_EQ(judge(message, "other", report_of("second", Status::failed), kNow), Word::stale);
  EXPECT_EQ(judge(message, "fake", report_of("second", Status::failed), kNow), Word::news);
}

TEST(Judge, AnAnswerThatWasLostLeavesNothingForALateWordOnAnEarlierHandOver) {
  StoredMessage message = message_with(Status::unknown, {Channel::sms});  // without a reference
  EXPECT_EQ(judge(message, "fake", report_of("first", Status::failed), kNow), Word::news);
  EXPECT_EQ(judge(message, "fake", report_of("first", Status::failed, true), kNow), Word::fall_over);
  message.record.attempts = 2;
  EXPECT_EQ(judge(message, "fake", report_of("first", Status::failed), kNow), Word::stale);
  EXPECT_EQ(judge(message, "fake", report_of("first", Status::failed, true), kNow), Word::stale);
  EXPECT_EQ(judge(message, "fake", report_of("first", Status::delivered), kNow), Word::news);
}

TEST(Judge, AWordThatOvertakesTheFirstAnswerCounts) {
  EXPECT_EQ(judge(message_with(Status::sending), "fake", report_of("first", Status::sent), kNow), Word::news);
}

TEST(Judge, FallsOverOnlyWhileItIsWorthIt) {
  StoredMessage message = message_with(Status::accepted, {Channel::sms});
  message.record.provider_reference = "r";
  const auto verdict = [&](Status status, bool retryable) {
    return judge(message, "fake", report_of("r", status, retryable), kNow);
  };
  EXPECT_EQ(verdict(Status::failed, true), Word::fall_over);
  EXPECT_EQ(verdict(Status::failed, false), Word::news);
  EXPECT_EQ(verdict(Status::delivered, true), Word::news);
  message.not_after = kNow;
  EXPECT_EQ(verdict(Status::failed, true), Word::news);
  message.not_after.reset();
  message.payload.reset();
  EXPECT_EQ(verdict(Status::failed, true), Word::news);
}

TEST(NextLook, AsksSeldomerWithAgeAndThenOnlyErases) {
  const StoredMessage message = message_with(Status::accepted, {Channel::sms});
  const auto look = [&](Timestamp now, bool can_poll) { return next_look(message, Status::accepted, now, can_poll); };
  EXPECT_EQ(look(kNow, true), kNow + seconds(15));
  EXPECT_EQ(look(kNow + seconds(30), true), kNow + seconds(60));
  EXPECT_EQ(look(kNow + hours(5), true), kNow + hours(6));
  EXPECT_EQ(look(kNow + kPollFor, true), kNow + kKeepPayload);
  EXPECT_EQ(look(kNow, false), kNow + kKeepPayload);
  EXPECT_EQ(next_look(message_with(Status::accepted), Status::accepted, kNow, false), std::nullopt);
}

}  // namespace
}  // namespace kriya::messaging
