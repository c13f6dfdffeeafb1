#include "messaging/outbox.h"

#include <atomic>
#include <stop_token>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "messaging/delivery.h"
#include "tests/support/failing_database.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_message_sender.h"
#include "tests/support/master_key.h"
#include "tests/support/test_database.h"

namespace kriya::messaging {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::FakeMessageSender;
using tests::soon;

const PhoneNumber kTo = *PhoneNumber::parse("+14155550123");

NewMessage text_to(const PhoneNumber& to, std::vector<Channel> channels = {Channel::sms}) {
  NewMessage message{.to = to, .channels = std::move(channels), .content = {}, .requested_by = "operator"};
  message.content.text = "The parcel is here";
  return message;
}

NewMessage code_to(const PhoneNumber& to) {
  NewMessage message = text_to(to);
  message.content.text.reset();
  message.content.code = Code{"482913", "Your code is 482913", "en"};
  message.purpose = Purpose::code;
  message.kind = "code";
  return message;
}

StatusReport report(std::string reference, Status status, bool retryable = false) {
  StatusReport report;
  report.reference = std::move(reference);
  report.status = status;
  report.code = "200";
  report.retryable = retryable;
  return report;
}

class FakePoller final : public StatusPoller {
 public:
  Task<Result<StatusReport>> poll(std::string reference, Channel, Deadline) override {
    asked.push_back(reference);
    co_return report(reference, answer);
  }
  std::vector<std::string> asked;
  Status answer = Status::accepted;
};

/// Answers after the others have had a turn.
class SlowSender final : public MessageSender {
 public:
  std::string_view provider() const override { return "slow"; }
  bool carries(Channel, const Content&) const override { return true; }
  Task<SendOutcome> send(Outgoing, Deadline) override {
    most = std::max(most, ++under_way);
    const auto executor = co_await asio::this_coro::executor;
    for (int turn = 0; turn < 1000 && under_way < 4; ++turn) co_await asio::post(executor, use_task);
    --under_way;
    co_return FakeMessageSender::accepted("slow");
  }
  int under_way = 0;
  int most = 0;
};

/// One process: an outbox and the loop that drives it, on a database of which it can be cut off.
class Process {
 public:
  Process(tests::TestDatabase& database, const Clock& clock, std::vector<MessageSender*> senders, Pollers pollers = {})
      : database_(*database),
        outbox_({.database = database_,
                 .master = tests::kMaster,
                 .senders = std::move(senders),
                 .pollers = std::move(pollers),
                 .luck = [] { return 1.0; },
                 .clock = clock,
                 .log = database.log(),
                 .metrics = database.metrics()}),
        delivery_(context_, outbox_, clock, metrics_) {}

  Result<MessageRecord> send(NewMessage message) { return run_to_completion(outbox_.send(std::move(message), soon())); }
  Result<MessageRecord> send(NewMessage message, Deadline deadline) {
    return run_to_completion(outbox_.send(std::move(message), deadline));
  }
  std::size_t step() { return run_to_completion(delivery_.step()); }
  bool hear(StatusReport said, std::string provider = "fake") {
    return run_to_completion(outbox_.hear(std::move(provider), std::move(said), soon())).value();
  }
  StoredMessage find(const Uuid& id) { return *run_to_completion(outbox_.store().find(id, soon())).value(); }
  tests::FailingDatabase& database() { return database_; }
  void die_after_writes(int count) { database_.die_after_writes(count); }
  Outbox& outbox() { return outbox_; }

 private:
  tests::FailingDatabase database_;
  telemetry::Metrics metrics_;
  asio::io_context context_;
  Outbox outbox_;
  Delivery delivery_;
};

class OutboxTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  std::unique_ptr<Process> process(std::vector<MessageSender*> senders, Pollers pollers = {}) {
    return std::make_unique<Process>(database_, clock_, std::move(senders), std::move(pollers));
  }
  void opt_out(const PhoneNumber& number) {
    ReceiptStore receipts(*database_);
    run_to_completion(receipts.keep("fake", {},
                                    {{.reference = "in-1",
                                      .phone_hash = PhoneHash(tests::kMaster).of(number),
                                      .phone_masked = number.masked(),
                                      .keyword = "STOP",
                                      .in = false}},
                                    clock_.now(), soon()))
        .value();
  }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  FakeMessageSender sms_;
  FakeMessageSender whatsapp_{"fake-whatsapp", {Channel::whatsapp}};
  std::unique_ptr<Process> here_ = process({&sms_, &whatsapp_});
};

INSTANTIATE_TEST_SUITE_P(Engines, OutboxTest, tests::every_engine(), tests::engine_name);

TEST_P(OutboxTest, SendsAndKeepsARecordWithoutNumberOrText) {
  const auto record = here_->send(text_to(kTo));
  ASSERT_TRUE(record) << record.error().detail;
  EXPECT_EQ(record->status, Status::accepted);
  EXPECT_EQ(record->provider, "fake");
  EXPECT_EQ(record->provider_reference, "ref-1");
  EXPECT_EQ(record->provider_code, "290");
  EXPECT_EQ(record->phone_number, kTo.masked());
  EXPECT_EQ(record->attempts, 1);
  EXPECT_EQ(record->segments, 1);
  EXPECT_TRUE(record->latency_ms);
  ASSERT_EQ(sms_.sent().size(), 1U);
  EXPECT_EQ(sms_.sent()[0].to.str(), kTo.str());
  EXPECT_EQ(sms_.sent()[0].content.text, "The parcel is here");
  const StoredMessage stored = here_->find(record->id);
  EXPECT_FALSE(stored.payload);
  EXPECT_FALSE(stored.due_at);
  EXPECT_EQ(stored.requested_by, "operator");
}

TEST_P(OutboxTest, WritesTheMessageDownSealedBeforeTheProviderIsAsked) {
  std::optional<StoredMessage> seen;
  sms_.during = [&](const Outgoing& message) { seen = here_->find(message.id); };
  ASSERT_TRUE(here_->send(code_to(kTo)));
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->record.status, Status::sending);
  ASSERT_TRUE(seen->payload);
  EXPECT_EQ(seen->payload->find("482913"), std::string::npos);
  const Payload payload = PayloadSeal(tests::kMaster).open(*seen->payload, seen->record.id).value();
  EXPECT_EQ(payload.content.code->code, "482913");
  EXPECT_FALSE(PayloadSeal(tests::kMaster).open(*seen->payload, Uuid()));
}

TEST_P(OutboxTest, RefusesWhatNobodyCarriesAndWritesNothing) {
  const auto record = here_->send(text_to(kTo, {Channel::voice}));
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, Errc::verification_unavailable);
  EXPECT_TRUE(run_to_completion(here_->outbox().store().list({}, soon())).value().empty());
}

TEST_P(OutboxTest, SendsNothingButCodesToWhoHasOptedOut) {
  opt_out(kTo);
  const auto refused = here_->send(text_to(kTo));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::opted_out);
  EXPECT_TRUE(sms_.sent().empty());
  EXPECT_EQ(here_->send(code_to(kTo))->status, Status::accepted);
  EXPECT_TRUE(here_->send(text_to(*PhoneNumber::parse("+14155550124"))));
}

TEST_P(OutboxTest, WithdrawsWhatWaitsForWhoOptsOut) {
  sms_.then(FakeMessageSender::busy(seconds(60)));
  sms_.then(FakeMessageSender::busy(seconds(60)));
  const Uuid text = here_->send(text_to(kTo))->id;
  const Uuid code = here_->send(code_to(kTo))->id;
  EXPECT_EQ(run_to_completion(here_->outbox().store().withdraw(PhoneHash(tests::kMaster).of(kTo), clock_.now(), soon()))
                .value(),
            1);
  EXPECT_EQ(here_->find(text).record.status, Status::failed);
  EXPECT_FALSE(here_->find(text).payload);
  EXPECT_EQ(here_->find(code).record.status, Status::queued);
}

TEST_P(OutboxTest, WhoHasOptedOutIsSentNoLaterTryAndNoOtherChannel) {
  sms_.then(FakeMessageSender::busy());
  const Uuid retry = here_->send(text_to(kTo))->id;
  sms_.then(FakeMessageSender::busy());
  const Uuid code = here_->send(code_to(kTo))->id;
  const Uuid fall_over = here_->send(text_to(kTo, {Channel::whatsapp, Channel::sms}))->id;
  opt_out(kTo);
  EXPECT_TRUE(here_->hear(report("ref-1", Status::failed, true), "fake-whatsapp"));
  clock_.advance(seconds(60));
  here_->step();
  for (const Uuid& id : {retry, fall_over}) {
    EXPECT_EQ(here_->find(id).record.status, Status::failed);
    EXPECT_EQ(here_->find(id).record.detail, "The recipient has opted out.");
    EXPECT_FALSE(here_->find(id).payload);
    EXPECT_FALSE(here_->find(id).due_at);
  }
  EXPECT_EQ(here_->find(code).record.status, Status::accepted);
  EXPECT_EQ(sms_.sent().size(), 3U);
}

TEST_P(OutboxTest, ACrashBetweenWrittenAndSentIsFinishedByAnotherProcess) {
  here_->die_after_writes(1);  // the row is there, and the process dies
  const auto record = here_->send(text_to(kTo));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->status, Status::queued);
  EXPECT_TRUE(sms_.sent().empty());
  here_.reset();

  const auto other = process({&sms_});
  EXPECT_EQ(other->step(), 0U);  // the writer's head start
  clock_.advance(kHeadStart);
  EXPECT_EQ(other->step(), 1U);
  ASSERT_EQ(sms_.sent().size(), 1U);
  EXPECT_EQ(sms_.sent()[0].content.text, "The parcel is here");
  EXPECT_EQ(other->find(record->id).record.status, Status::accepted);
  clock_.advance(hours(1));
  EXPECT_EQ(other->step(), 0U);
}

TEST_P(OutboxTest, WhatWasRefusedIsNotSentLaterThoughItWasWritten) {
  here_->database().lose_the_next_answer();
  const auto refused = here_->send(code_to(kTo));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  clock_.advance(kHeadStart);
  here_->step();
  EXPECT_TRUE(sms_.sent().empty());
  const auto rows = run_to_completion(here_->outbox().store().list({}, soon())).value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].record.status, Status::failed);
  EXPECT_FALSE(rows[0].payload);
  EXPECT_FALSE(rows[0].due_at);
}

TEST_P(OutboxTest, ACrashBetweenSentAndAnsweredIsUnknownAndNeverSentAgain) {
  here_->die_after_writes(2);  // written, claimed, sent; what came of it is lost
  const auto record = here_->send(text_to(kTo));
  ASSERT_TRUE(record);
  ASSERT_EQ(sms_.sent().size(), 1U);
  here_.reset();

  const auto other = process({&sms_});
  clock_.advance(kHandOverLost - seconds(1));
  EXPECT_EQ(other->step(), 0U);
  clock_.advance(seconds(1));
  EXPECT_EQ(other->step(), 1U);
  EXPECT_EQ(other->find(record->id).record.status, Status::unknown);
  EXPECT_FALSE(other->find(record->id).payload);
  for (int hour = 0; hour < 60; ++hour) {
    clock_.advance(hours(1));
    other->step();
  }
  EXPECT_EQ(sms_.sent().size(), 1U);
  StatusReport delivered = report("ref-1", Status::delivered);
  delivered.message_id = record->id;
  EXPECT_TRUE(other->hear(delivered));
  EXPECT_EQ(other->find(record->id).record.status, Status::delivered);
  EXPECT_EQ(other->find(record->id).record.provider_reference, "ref-1");
}

TEST_P(OutboxTest, WhatWaitsIsSentSeveralAtATime) {
  for (int i = 0; i < 20; ++i) {
    sms_.then(FakeMessageSender::busy());
    here_->send(text_to(kTo));
  }
  SlowSender slow;
  const auto other = process({&slow});
  clock_.advance(seconds(2));
  EXPECT_EQ(other->step(), 20U);
  EXPECT_GE(slow.most, 4);
  const auto left = run_to_completion(other->outbox().store().list({.status = Status::queued}, soon()));
  EXPECT_TRUE(left.value().empty());
}

TEST_P(OutboxTest, AStepThatCannotWriteHasChangedNothing) {
  for (int i = 0; i < 3; ++i) {
    sms_.then(FakeMessageSender::busy());
    here_->send(text_to(kTo));
  }
  clock_.advance(seconds(2));
  here_->database().be_read_only(true);
  EXPECT_EQ(here_->step(), 0U);
  EXPECT_EQ(sms_.sent().size(), 3U);
  here_->database().be_read_only(false);
  EXPECT_EQ(here_->step(), 3U);
}

TEST_P(OutboxTest, AnAnswerThatComesAfterAllBeatsUnknown) {
  const auto other = process({&sms_});
  sms_.during = [&](const Outgoing&) {  // the hand-over takes so long that it is given up
    clock_.advance(kHandOverLost);
    EXPECT_EQ(other->step(), 1U);
  };
  const auto record = here_->send(text_to(kTo));
  EXPECT_EQ(record->status, Status::accepted);
  EXPECT_EQ(here_->find(record->id).record.provider_reference, "ref-1");
}

TEST_P(OutboxTest, OfManyOutboxesThatRaceForAMessageOneSendsIt) {
  here_->die_after_writes(1);
  const auto record = here_->send(text_to(kTo));
  clock_.advance(kHeadStart);
  constexpr int kRacers = 4;
  std::vector<std::unique_ptr<Process>> racers;
  for (int i = 0; i < kRacers; ++i) racers.push_back(process({&sms_}));
  const StoredMessage seen = racers[0]->find(record->id);
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (const auto& racer : racers) {
    threads.emplace_back([&ready, &racer, seen] {
      ++ready;
      while (ready < kRacers) std::this_thread::yield();
      run_to_completion([](Outbox& outbox, StoredMessage message) -> Task<bool> {
        co_return co_await outbox.take_up(std::move(message), soon());
      }(racer->outbox(), seen));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sms_.sent().size(), 1U);
  EXPECT_EQ(racers[0]->find(record->id).record.attempts, 1);
}

TEST_P(OutboxTest, NeverSendsAnAmbiguousOneAgain) {
  sms_.then(FakeMessageSender::ambiguous());
  const auto record = here_->send(text_to(kTo, {Channel::sms, Channel::whatsapp}));
  EXPECT_EQ(record->status, Status::unknown);
  for (int hour = 0; hour < 60; ++hour) {
    clock_.advance(hours(1));
    here_->step();
  }
  EXPECT_EQ(sms_.sent().size(), 1U);
  EXPECT_TRUE(whatsapp_.sent().empty());
  EXPECT_FALSE(here_->find(record->id).payload);  // erased after 48 hours
  EXPECT_FALSE(here_->find(record->id).due_at);
}

TEST_P(OutboxTest, TriesAgainWhatMayPassAndHonoursTheProvidersPause) {
  sms_.then(FakeMessageSender::busy());
  sms_.then(FakeMessageSender::busy(seconds(30)));
  const auto record = here_->send(text_to(kTo));
  EXPECT_EQ(record->status, Status::queued);
  clock_.advance(seconds(2) - milliseconds(1));
  EXPECT_EQ(here_->step(), 0U);
  clock_.advance(milliseconds(1));
  EXPECT_EQ(here_->step(), 1U);
  clock_.advance(seconds(30) - milliseconds(1));
  EXPECT_EQ(here_->step(), 0U);
  clock_.advance(milliseconds(1));
  EXPECT_EQ(here_->step(), 1U);
  EXPECT_EQ(here_->find(record->id).record.status, Status::accepted);
  EXPECT_EQ(here_->find(record->id).record.attempts, 3);
}

TEST_P(OutboxTest, GivesUpAfterThreeTries) {
  for (int i = 0; i < 4; ++i) sms_.then(FakeMessageSender::busy());
  const auto record = here_->send(text_to(kTo));
  for (int i = 0; i < 10; ++i) {
    clock_.advance(hours(1));
    here_->step();
  }
  EXPECT_EQ(sms_.sent().size(), 3U);
  EXPECT_EQ(here_->find(record->id).record.status, Status::failed);
  EXPECT_FALSE(here_->find(record->id).payload);
}

TEST_P(OutboxTest, DoesNotTryAgainAfterItsTime) {
  sms_.then(FakeMessageSender::busy(seconds(60)));
  NewMessage late = text_to(kTo);
  late.not_after = clock_.now() + seconds(59);
  EXPECT_EQ(here_->send(late)->status, Status::failed);

  here_->die_after_writes(1);
  late.not_after = clock_.now() + seconds(5);
  const auto record = here_->send(late);
  const auto other = process({&sms_});
  clock_.advance(kHeadStart);
  other->step();
  EXPECT_EQ(other->find(record->id).record.status, Status::expired);
  EXPECT_FALSE(other->find(record->id).payload);
  EXPECT_EQ(sms_.sent().size(), 1U);
}

TEST_P(OutboxTest, IsNotSentAfterADayWhenNobodyHasSaidHowLongItIsWorthIt) {
  here_->die_after_writes(1);
  const auto record = here_->send(text_to(kTo));
  const auto other = process({&sms_});
  clock_.advance(kLongestLife);
  other->step();
  EXPECT_EQ(other->find(record->id).record.status, Status::expired);
  EXPECT_TRUE(sms_.sent().empty());
}

TEST_P(OutboxTest, ARefusedMessageGoesToTheNextChannelWithItsOwnContent) {
  whatsapp_.then(FakeMessageSender::refused());
  NewMessage message = text_to(kTo, {Channel::whatsapp, Channel::sms});
  message.fallback = Content();
  message.fallback->text = "By SMS, then";
  const auto record = here_->send(message);
  EXPECT_EQ(record->status, Status::accepted);
  EXPECT_EQ(record->channel, Channel::sms);
  EXPECT_EQ(record->provider, "fake");
  EXPECT_EQ(record->attempts, 2);
  EXPECT_EQ(record->segments, 1);
  ASSERT_EQ(whatsapp_.sent().size(), 1U);
  EXPECT_EQ(whatsapp_.sent()[0].content.text, "The parcel is here");
  ASSERT_EQ(sms_.sent().size(), 1U);
  EXPECT_EQ(sms_.sent()[0].content.text, "By SMS, then");
}

TEST_P(OutboxTest, TheFirstChannelIsToldWhatAnSmsSaysInstead) {
  NewMessage message = text_to(kTo, {Channel::whatsapp, Channel::sms});
  message.fallback = Content();
  message.fallback->text = "By SMS, then";
  here_->send(message);
  here_->send(text_to(kTo, {Channel::whatsapp}));
  here_->send(text_to(kTo));
  ASSERT_EQ(whatsapp_.sent().size(), 2U);
  EXPECT_EQ(whatsapp_.sent()[0].sms_instead, "By SMS, then");
  EXPECT_EQ(whatsapp_.sent()[1].sms_instead, std::nullopt);
  EXPECT_EQ(sms_.sent().at(0).sms_instead, std::nullopt);
}

TEST_P(OutboxTest, AnSmsThatTheProviderSendsItselfIsNotSentByUsToo) {
  SendOutcome outcome = FakeMessageSender::accepted("ref-1");
  outcome.sends_sms_itself = true;
  whatsapp_.then(outcome);
  const auto record = here_->send(text_to(kTo, {Channel::whatsapp, Channel::sms}));
  EXPECT_TRUE(here_->hear(report("ref-1", Status::failed, true), "fake-whatsapp"));
  here_->step();
  EXPECT_EQ(here_->find(record->id).record.status, Status::failed);
  EXPECT_TRUE(sms_.sent().empty());
}

TEST_P(OutboxTest, AfterAFallOverTheRecordHasNothingOfTheProviderBefore) {
  whatsapp_.then(FakeMessageSender::refused());
  SendOutcome silent = FakeMessageSender::accepted("ref-1");
  silent.code.clear();
  silent.detail.clear();
  sms_.then(silent);
  const auto record = here_->send(text_to(kTo, {Channel::whatsapp, Channel::sms}));
  EXPECT_EQ(record->provider, "fake");
  EXPECT_EQ(record->provider_code, std::nullopt);
  EXPECT_EQ(record->detail, std::nullopt);
}

TEST_P(OutboxTest, ALateWordOfAnotherProviderLeavesTheCodeOfTheOneThatIsNamed) {
  whatsapp_.then(FakeMessageSender::refused());
  const auto record = here_->send(text_to(kTo, {Channel::whatsapp, Channel::sms}));
  EXPECT_EQ(record->provider_code, "290");
  StatusReport late = report("ref-of-whatsapp", Status::delivered);
  late.message_id = record->id;
  EXPECT_TRUE(here_->hear(late, "fake-whatsapp"));
  EXPECT_EQ(here_->find(record->id).record.status, Status::delivered);
  EXPECT_EQ(here_->find(record->id).record.provider_code, "290");
}

TEST_P(OutboxTest, ARefusedMessageWithoutAnotherChannelHasFailed) {
  sms_.then(FakeMessageSender::refused());
  const auto record = here_->send(text_to(kTo));
  EXPECT_EQ(record->status, Status::failed);
  EXPECT_FALSE(here_->find(record->id).payload);
}

TEST_P(OutboxTest, AReceiptOfAFailureThatMayPassFallsOverOnce) {
  const auto record = here_->send(text_to(kTo, {Channel::whatsapp, Channel::sms}));
  EXPECT_EQ(record->status, Status::accepted);
  ASSERT_TRUE(here_->find(record->id).payload);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(here_->hear(report("ref-1", Status::failed, true), "fake-whatsapp"));
  EXPECT_EQ(here_->find(record->id).record.status, Status::queued);
  here_->step();
  StatusReport again = report("ref-1", Status::failed, true);
  again.message_id = record->id;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(here_->hear(again, "fake-whatsapp"));
  here_->step();
  EXPECT_EQ(sms_.sent().size(), 1U);
  EXPECT_EQ(here_->find(record->id).record.channel, Channel::sms);
  EXPECT_EQ(here_->find(record->id).record.status, Status::accepted);
  EXPECT_FALSE(here_->find(record->id).payload);
}

TEST_P(OutboxTest, AReceiptOfAFailureForGoodEndsTheMessage) {
  const auto record = here_->send(text_to(kTo, {Channel::whatsapp, Channel::sms}));
  here_->hear(report("ref-1", Status::failed, false), "fake-whatsapp");
  EXPECT_EQ(here_->find(record->id).record.status, Status::failed);
  EXPECT_FALSE(here_->find(record->id).payload);
}

TEST_P(OutboxTest, AReceiptThatOvertakesTheAnswerIsHeard) {
  // Telesign's SMS Verify does not echo our id: only the answer tells which message the reference is of.
  sms_.during = [&](const Outgoing&) {
    ReceiptStore receipts(*database_);
    run_to_completion(receipts.keep("fake", {report("ref-1", Status::delivered)}, {}, clock_.now(), soon())).value();
    EXPECT_FALSE(here_->hear(report("ref-1", Status::delivered)));
  };
  const auto record = here_->send(text_to(kTo));
  EXPECT_EQ(here_->find(record->id).record.status, Status::delivered);
}

TEST_P(OutboxTest, AReplayedReceiptUnderAnotherIdIsOfItsReferenceAlone) {
  here_->send(text_to(kTo));
  sms_.then(FakeMessageSender::ambiguous());
  const auto lost = here_->send(text_to(kTo));
  StatusReport replayed = report("ref-1", Status::delivered);
  replayed.message_id = lost->id;
  EXPECT_TRUE(here_->hear(replayed));
  EXPECT_EQ(here_->find(lost->id).record.status, Status::unknown);
  replayed.reference = "ref-2";  // the one whose answer was lost
  EXPECT_TRUE(here_->hear(replayed));
  EXPECT_EQ(here_->find(lost->id).record.status, Status::delivered);
}

TEST_P(OutboxTest, WithoutTheTimeForAHandOverTheMessageIsLeftToDelivery) {
  const auto record = here_->send(text_to(kTo), Deadline::after(kLeastHandOver));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->status, Status::queued);
  EXPECT_TRUE(sms_.sent().empty());
  EXPECT_EQ(here_->step(), 1U);  // at once, without the head start
  EXPECT_EQ(here_->find(record->id).record.status, Status::accepted);
  EXPECT_GE(sms_.patience.load(), kHandOverPatience - seconds(5));
}

TEST_P(OutboxTest, AMessageIsHandedOverWholeThoughItsCallerGoesAway) {
  std::stop_source source;
  sms_.during = [&](const Outgoing&) { source.request_stop(); };
  const auto record = here_->send(text_to(kTo), Deadline::after(hours(1)).stopped_by(source.get_token()));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->status, Status::accepted);
  EXPECT_FALSE(sms_.stoppable);
  EXPECT_GE(sms_.patience.load(), kHandOverPatience - seconds(5));
}

TEST_P(OutboxTest, AHandOverOfWhichTheProviderWasNotAskedIsNoAttempt) {
  for (int i = 0; i < 5; ++i) sms_.then(FakeMessageSender::held_back(seconds(60)));
  const auto record = here_->send(text_to(kTo));
  EXPECT_EQ(record->status, Status::queued);
  EXPECT_EQ(record->attempts, 0);
  for (int i = 0; i < 5; ++i) {
    clock_.advance(seconds(60));
    EXPECT_EQ(here_->step(), 1U);
  }
  EXPECT_EQ(here_->find(record->id).record.status, Status::accepted);
  EXPECT_EQ(here_->find(record->id).record.attempts, 1);
}

TEST_P(OutboxTest, AHandOverOfWhichTheProviderWasNotAskedSaysNothingAboutTheProvider) {
  for (int i = 0; i < Circuit::kFailures; ++i) {
    sms_.then(FakeMessageSender::down());
    here_->send(text_to(kTo));
    sms_.then(FakeMessageSender::held_back(seconds(60)));
    here_->send(text_to(kTo));
  }
  const std::size_t asked = sms_.sent().size();
  EXPECT_EQ(here_->send(text_to(kTo))->attempts, 0);
  EXPECT_EQ(sms_.sent().size(), asked);
}

TEST_P(OutboxTest, LeavesAProviderAloneThatIsDown) {
  for (int i = 0; i < Circuit::kFailures; ++i) {
    sms_.then(FakeMessageSender::down());
    here_->send(text_to(kTo));
  }
  const auto record = here_->send(text_to(kTo));
  EXPECT_EQ(record->status, Status::queued);
  EXPECT_EQ(record->attempts, 0);
  EXPECT_EQ(sms_.sent().size(), std::size_t{Circuit::kFailures});
  FakeMessageSender second("second");
  const auto other = process({&sms_, &second});
  for (int i = 0; i < 3; ++i) {
    clock_.advance(hours(1));
    other->step();
  }
  EXPECT_EQ(other->find(record->id).record.status, Status::accepted);
}

TEST_P(OutboxTest, FallsOverAtOnceWhenTheProviderOfAChannelIsDown) {
  for (int i = 0; i < Circuit::kFailures; ++i) {
    whatsapp_.then(FakeMessageSender::down());
    here_->send(text_to(kTo, {Channel::whatsapp}));
  }
  const auto record = here_->send(text_to(kTo, {Channel::whatsapp, Channel::sms}));
  EXPECT_EQ(record->status, Status::accepted);
  EXPECT_EQ(record->channel, Channel::sms);
  EXPECT_EQ(record->attempts, 1);
}

TEST_P(OutboxTest, AProviderThatIsDownOnOneChannelIsAskedOnAnother) {
  FakeMessageSender both("both", {Channel::whatsapp, Channel::sms});
  const auto process_of_both = process({&both});
  for (int i = 0; i < Circuit::kFailures; ++i) {
    both.then(FakeMessageSender::down());
    process_of_both->send(text_to(kTo, {Channel::whatsapp}));
  }
  EXPECT_EQ(process_of_both->send(text_to(kTo))->status, Status::accepted);
}

TEST_P(OutboxTest, ARetryPrefersAnotherProvider) {
  FakeMessageSender second("second");
  const auto both = process({&sms_, &second});
  sms_.then(FakeMessageSender::busy());
  const auto record = both->send(text_to(kTo));
  clock_.advance(seconds(2));
  both->step();
  EXPECT_EQ(second.sent().size(), 1U);
  EXPECT_EQ(both->find(record->id).record.provider, "second");
}

TEST_P(OutboxTest, AsksAboutAMessageLessAndLessOftenUntilThereIsWord) {
  FakePoller poller;
  const auto asking = process({&sms_}, {{"fake", &poller}});
  const auto record = asking->send(text_to(kTo));
  for (int i = 0; i < 600; ++i) {
    clock_.advance(seconds(1));
    asking->step();
  }
  EXPECT_GE(poller.asked.size(), 6U);
  EXPECT_LE(poller.asked.size(), 12U);
  EXPECT_EQ(poller.asked.front(), "ref-1");
  poller.answer = Status::delivered;
  clock_.advance(hours(1));
  asking->step();
  const std::size_t asked = poller.asked.size();
  EXPECT_EQ(asking->find(record->id).record.status, Status::delivered);
  clock_.advance(hours(1));
  asking->step();
  EXPECT_EQ(poller.asked.size(), asked);
}

TEST_P(OutboxTest, DoesNotAskAProviderThatIsDown) {
  FakePoller poller;
  const auto asking = process({&sms_}, {{"fake", &poller}});
  asking->send(text_to(kTo));
  NewMessage now_or_never = text_to(kTo);
  now_or_never.not_after = clock_.now() + milliseconds(1);
  for (int i = 0; i < Circuit::kFailures; ++i) {
    sms_.then(FakeMessageSender::down());
    asking->send(now_or_never);
  }
  clock_.advance(seconds(15));
  EXPECT_EQ(asking->step(), 1U);
  EXPECT_TRUE(poller.asked.empty());
  clock_.advance(seconds(15));
  EXPECT_EQ(asking->step(), 1U);
  EXPECT_EQ(poller.asked.size(), 1U);
}

TEST_P(OutboxTest, KeepsWhateverWordsAProviderSends) {
  auto outcome = FakeMessageSender::accepted(std::string("ref\0\n\xff", 6));
  outcome.detail = std::string(1000, 'x');
  sms_.then(outcome);
  const auto record = here_->send(text_to(kTo));
  EXPECT_EQ(record->status, Status::accepted);
  EXPECT_EQ(record->provider_reference, "ref  ?");
  EXPECT_EQ(record->detail->size(), 200U);
}

TEST_P(OutboxTest, ListsNewestFirstByPageAndFilter) {
  std::vector<Uuid> ids;
  for (int i = 0; i < 5; ++i) {
    clock_.advance(seconds(1));
    NewMessage message = text_to(i == 0 ? *PhoneNumber::parse("+14155550124") : kTo);
    if (i % 2 == 0) message.requested_by = "user:1";
    if (i == 3) sms_.then(FakeMessageSender::refused());
    ids.push_back(here_->send(message)->id);
  }
  const auto list = [&](MessageFilter filter) {
    std::vector<std::ptrdiff_t> found;
    const auto listed = run_to_completion(here_->outbox().store().list(filter, soon()));
    for (const StoredMessage& one : *listed) {
      found.push_back(std::ranges::find(ids, one.record.id) - ids.begin());
    }
    return found;
  };
  using List = std::vector<std::ptrdiff_t>;
  const std::string hash = PhoneHash(tests::kMaster).of(kTo);
  EXPECT_EQ(list({.limit = 2}), (List{4, 3}));
  EXPECT_EQ(list({.before = ids[3], .limit = 2}), (List{2, 1}));
  EXPECT_EQ(list({.status = Status::failed}), (List{3}));
  EXPECT_EQ(list({.phone_hash = hash}), (List{4, 3, 2, 1}));
  EXPECT_EQ(list({.requested_by = "user:1"}), (List{4, 2, 0}));
  EXPECT_EQ(list({.before = ids[4], .status = Status::accepted, .phone_hash = hash, .requested_by = "user:1"}),
            (List{2}));
}

/// Whatever receipts come, in whatever order and however often: the status is the highest that was reported.
TEST(OutboxMerge, DependsOnWhatWasSaidAndNotOnTheOrder) {
  tests::TestDatabase database(tests::Engine::sqlite);
  tests::FakeClock clock;
  FakeMessageSender sms;
  Process here(database, clock, {&sms});
  constexpr std::array kSaid{Status::unknown, Status::accepted,  Status::sent,
                             Status::failed,  Status::delivered, Status::read};
  int number = 0;
  rc::check("the highest rank wins", [&] {
    const auto said = *rc::gen::container<std::vector<Status>>(rc::gen::elementOf(kSaid));
    const std::string reference = "ref-" + std::to_string(++number);
    const auto record = here.send(text_to(kTo));
    Status highest = Status::accepted;
    for (const Status status : said) {
      RC_ASSERT(here.hear(report(reference, status)));
      highest = std::max(highest, status);
      RC_ASSERT(here.find(record->id).record.status == highest);
    }
  });
}

}  // namespace
}  // namespace kriya::messaging
