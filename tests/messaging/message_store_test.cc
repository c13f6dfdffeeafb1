#include "messaging/message_store.h"

#include <gtest/gtest.h>

#include "crypto/random.h"
#include "tests/support/fake_clock.h"
#include "tests/support/test_database.h"

namespace kriya::messaging {
namespace {

using tests::soon;

class MessageStoreTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  StoredMessage add(std::optional<Timestamp> due_at = {}) {
    StoredMessage message;
    message.record.id = crypto::new_uuid(clock_.now());
    message.record.kind = "message";
    message.record.phone_number = "+1\u2022\u20220123";
    message.record.created_at = clock_.now();
    message.requested_by = "operator";
    message.payload = "sealed";
    message.due_at = due_at;
    EXPECT_TRUE(run_to_completion(store_.add(message, {}, "hash", false, soon())).value());
    return message;
  }
  StoredMessage find(const Uuid& id) { return *run_to_completion(store_.find(id, soon())).value(); }
  bool merge(const StoredMessage& message, Status status) {
    StatusReport report;
    report.status = status;
    return run_to_completion(store_.merge(message.record.id, message.version, report, clock_.now(), soon()))
        .value()
        .has_value();
  }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  MessageStore store_{*database_};
};

INSTANTIATE_TEST_SUITE_P(Engines, MessageStoreTest, tests::every_engine(), tests::engine_name);

TEST_P(MessageStoreTest, AStatusNeverGivesWayToOneOfItsRankOrLower) {
  constexpr std::array kAll{Status::sending, Status::unknown, Status::accepted,  Status::sent,
                            Status::expired, Status::failed,  Status::delivered, Status::read};
  for (const Status first : kAll) {
    for (const Status second : kAll) {
      const Uuid id = add().record.id;
      EXPECT_TRUE(merge(find(id), first));
      EXPECT_EQ(merge(find(id), second), rank_of(second) > rank_of(first));
      EXPECT_EQ(find(id).record.status, std::max(first, second));
    }
  }
}

TEST_P(MessageStoreTest, WhoReadAnOlderVersionChangesNothing) {
  const StoredMessage message = add();
  const Claim claim{.by = "one", .provider = "fake", .segments = 1, .until = clock_.now()};
  const auto take = [&] {
    return run_to_completion(store_.claim(message.record.id, message.version, claim, clock_.now(), soon())).value();
  };
  EXPECT_TRUE(take());
  EXPECT_FALSE(take());
  EXPECT_FALSE(merge(message, Status::delivered));
  EXPECT_FALSE(run_to_completion(
                   store_.move(message.record.id, message.version, {.status = Status::failed}, clock_.now(), soon()))
                   .value());
  EXPECT_EQ(find(message.record.id).record.status, Status::sending);
}

TEST_P(MessageStoreTest, OnlyTheHandOverThatHasItWritesItsOutcome) {
  const StoredMessage message = add();
  const Uuid id = message.record.id;
  const Claim claim{.by = "one", .provider = "fake", .segments = 1, .until = clock_.now()};
  ASSERT_TRUE(run_to_completion(store_.claim(id, 0, claim, clock_.now(), soon())).value());
  const auto settle = [&](const std::string& by, Status status) {
    return run_to_completion(
               store_.settle(id, by, {.status = status}, {.reference = by, .latency_ms = 7}, clock_.now(), soon()))
        .value()
        .has_value();
  };
  EXPECT_FALSE(settle("other", Status::failed));
  EXPECT_TRUE(merge(find(id), Status::delivered));  // before the answer
  EXPECT_TRUE(settle("one", Status::accepted));
  EXPECT_FALSE(settle("one", Status::failed));
  EXPECT_EQ(find(id).record.status, Status::delivered);
  EXPECT_EQ(find(id).record.provider_reference, "one");
  EXPECT_EQ(find(id).record.latency_ms, 7);
}

TEST_P(MessageStoreTest, AnAnswerWithoutAReferenceDropsThatOfAnEarlierHandOverAlone) {
  const StoredMessage message = add();
  const Uuid id = message.record.id;
  const auto hand_over = [&](std::string reference, Status status, std::optional<std::string> told = {}) {
    const StoredMessage before = find(id);
    const Claim claim{.by = "one", .provider = "fake", .segments = 1, .until = clock_.now()};
    ASSERT_TRUE(run_to_completion(store_.claim(id, before.version, claim, clock_.now(), soon())).value());
    if (told) {  // by a receipt that names our id
      StatusReport report;
      report.reference = *told;
      report.status = Status::accepted;
      const std::int64_t version = find(id).version;
      ASSERT_TRUE(run_to_completion(store_.merge(id, version, report, clock_.now(), soon())).value());
    }
    const Answered answered{
        .reference = reference, .earlier_reference = before.record.provider_reference, .latency_ms = 7};
    ASSERT_TRUE(
        run_to_completion(store_.settle(id, "one", {.status = status}, answered, clock_.now(), soon())).value());
  };
  hand_over("first", Status::queued);
  EXPECT_EQ(find(id).record.provider_reference, "first");
  hand_over("", Status::queued);
  EXPECT_EQ(find(id).record.provider_reference, std::nullopt);
  hand_over("", Status::unknown, "told");
  EXPECT_EQ(find(id).record.provider_reference, "told");
}

TEST_P(MessageStoreTest, AReceiptWithoutACodeLeavesTheOneThatIsThere) {
  const Uuid id = add().record.id;
  const auto hear = [&](Status status, std::string code, std::string detail) {
    StatusReport report;
    report.status = status;
    report.code = std::move(code);
    report.detail = std::move(detail);
    const std::int64_t version = find(id).version;
    ASSERT_TRUE(run_to_completion(store_.merge(id, version, report, clock_.now(), soon())).value());
  };
  hear(Status::accepted, "", "");
  EXPECT_EQ(find(id).record.provider_code, std::nullopt);
  EXPECT_EQ(find(id).record.detail, std::nullopt);
  hear(Status::sent, "292", "On its way");
  hear(Status::failed, "", "");
  EXPECT_EQ(find(id).record.provider_code, "292");
  EXPECT_EQ(find(id).record.detail, "On its way");
  hear(Status::delivered, "200", "");
  EXPECT_EQ(find(id).record.provider_code, "200");
  EXPECT_EQ(find(id).record.detail, std::nullopt) << "old words do not explain a new code";
}

TEST_P(MessageStoreTest, ANewHandOverForgetsWhatTheOneBeforeCameTo) {
  const StoredMessage message = add();
  const Uuid id = message.record.id;
  const Move busy{.status = Status::queued, .keep_payload = true, .code = "10019", .detail = "Busy"};
  ASSERT_TRUE(run_to_completion(store_.move(id, message.version, busy, clock_.now(), soon())).value());
  EXPECT_EQ(find(id).record.provider_code, "10019");
  const Claim claim{.by = "one", .provider = "other", .segments = 1, .until = clock_.now()};
  ASSERT_TRUE(run_to_completion(store_.claim(id, find(id).version, claim, clock_.now(), soon())).value());
  EXPECT_EQ(find(id).record.provider, "other");
  EXPECT_EQ(find(id).record.provider_code, std::nullopt);
  EXPECT_EQ(find(id).record.detail, std::nullopt);
}

TEST_P(MessageStoreTest, WhatIsToBeSentComesBeforeWhatIsToBeLookedAt) {
  const Uuid asked = add(clock_.now()).record.id;
  ASSERT_TRUE(merge(find(asked), Status::accepted));
  const Uuid second = add(clock_.now() + std::chrono::seconds(2)).record.id;
  const Uuid first = add(clock_.now() + std::chrono::seconds(1)).record.id;
  clock_.advance(std::chrono::seconds(2));
  std::vector<Uuid> due;
  const auto found = run_to_completion(store_.due(clock_.now(), 10, soon()));
  for (const StoredMessage& one : *found) due.push_back(one.record.id);
  EXPECT_EQ(due, (std::vector<Uuid>{first, second, asked}));
  EXPECT_EQ(run_to_completion(store_.due(clock_.now(), 1, soon())).value().at(0).record.id, first);
}

}  // namespace
}  // namespace kriya::messaging
