#include "agent/conversation_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "crypto/random.h"
#include "tests/support/test_database.h"

namespace kriya::agent {
namespace {

using namespace std::chrono_literals;
using tests::soon;

class ConversationStoreTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  OpenedConversation begin(const std::string& owner, const std::string& said) {
    now_ = now_ + 1s;
    return run_to_completion(store_.begin(crypto::new_uuid(now_), owner, said, now_, soon())).value();
  }
  Result<OpenedConversation> resume(Uuid id, const std::string& owner = "user:1", const std::string& said = "More") {
    now_ = now_ + 1s;
    return run_to_completion(store_.resume(id, owner, said, now_, 60s, soon()));
  }
  Result<void> append(const OpenedConversation& opened, std::vector<Message> messages) {
    now_ = now_ + 1s;
    return run_to_completion(store_.append(opened, "user:1", std::move(messages), now_, soon()));
  }
  std::vector<StoredMessage> messages(Uuid id, std::int64_t limit = 100) {
    return run_to_completion(store_.messages(id, "user:1", limit, soon())).value();
  }
  std::vector<std::string> titles(const std::string& owner, std::optional<Uuid> before = {}, std::int64_t limit = 10) {
    std::vector<std::string> all;
    const auto found = run_to_completion(store_.list(owner, before, limit, soon())).value();
    for (const auto& one : found) all.push_back(one.title);
    return all;
  }

  tests::TestDatabase database_{GetParam()};
  ConversationStore store_{*database_};
  Timestamp now_ = *parse_rfc3339("2026-11-21T09:30:00Z");
};

INSTANTIATE_TEST_SUITE_P(Engines, ConversationStoreTest, tests::every_engine(), tests::engine_name);

const Message kAnswer{.role = Role::assistant, .content = "Five."};

TEST_P(ConversationStoreTest, KeepsWhatWasSaidAndCalledInOrder) {
  const auto opened = begin("user:1", "What is 2 + 3?");
  const ModelCall call{.id = "c1", .name = "add", .arguments = {{"a", 2}, {"b", 3}}};
  ASSERT_TRUE(append(opened, {{.role = Role::assistant, .content = "", .calls = {call}},
                              {.role = Role::tool, .content = "5", .calls = {}, .call_id = "c1"},
                              kAnswer}));
  const auto all = messages(opened.id);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].message.content, "What is 2 + 3?");
  EXPECT_EQ(all[1].message.calls.at(0).name, "add");
  EXPECT_EQ(all[1].message.calls.at(0).arguments.at("b"), 3);
  EXPECT_EQ(all[2].message.call_id, "c1");
  EXPECT_EQ(all[2].message.role, Role::tool);
  EXPECT_EQ(all[3].message.content, "Five.");
  EXPECT_EQ(messages(opened.id, 2).at(0).message.content, "5");
}

TEST_P(ConversationStoreTest, GoesOnWithItsHistory) {
  const auto opened = begin("user:1", "One");
  ASSERT_TRUE(append(opened, {kAnswer}));
  const auto again = resume(opened.id);
  ASSERT_TRUE(again);
  ASSERT_EQ(again->history.size(), 2U);
  EXPECT_EQ(again->history[1].content, "Five.");
  EXPECT_EQ(again->next_position, 3);
  EXPECT_EQ(messages(opened.id).back().message.content, "More");
}

TEST_P(ConversationStoreTest, NobodyFindsAnothersConversation) {
  const auto opened = begin("user:1", "Secret");
  ASSERT_TRUE(append(opened, {kAnswer}));
  EXPECT_EQ(resume(opened.id, "user:2").error().code, Errc::not_found);
  EXPECT_FALSE(run_to_completion(store_.find(opened.id, "user:2", soon())).value());
  EXPECT_TRUE(run_to_completion(store_.messages(opened.id, "user:2", 10, soon())).value().empty());
  EXPECT_FALSE(run_to_completion(store_.rename(opened.id, "user:2", "Mine", soon())).value());
  EXPECT_FALSE(run_to_completion(store_.remove(opened.id, "user:2", soon())).value());
  EXPECT_TRUE(titles("user:2").empty());
  EXPECT_THAT(titles("user:1"), ::testing::ElementsAre("Secret"));
}

TEST_P(ConversationStoreTest, WhileAnAnswerIsOnItsWayNoOtherTurnBegins) {
  const auto opened = begin("user:1", "One");
  EXPECT_EQ(resume(opened.id).error().code, Errc::conflict);
  now_ = now_ + 61s;  // whoever was to answer is gone
  EXPECT_TRUE(resume(opened.id));
}

TEST_P(ConversationStoreTest, OfTwoTurnsThatTakeTheSamePositionOneIsRefused) {
  const auto opened = begin("user:1", "One");
  ASSERT_TRUE(append(opened, {kAnswer}));
  const auto late = append(opened, {{.role = Role::assistant, .content = "Six."}});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::conflict);
  EXPECT_EQ(messages(opened.id).size(), 2U);
}

TEST_P(ConversationStoreTest, AnAnswerToADeletedConversationIsNoError) {
  const auto opened = begin("user:1", "One");
  EXPECT_TRUE(run_to_completion(store_.remove(opened.id, "user:1", soon())).value());
  EXPECT_TRUE(append(opened, {kAnswer}));
  EXPECT_TRUE(messages(opened.id).empty());
}

TEST_P(ConversationStoreTest, PagesGoFromTheLatestOn) {
  std::vector<Uuid> ids;
  for (const char* said : {"A", "B", "C"}) ids.push_back(begin("user:1", said).id);
  begin("user:2", "X");
  EXPECT_THAT(titles("user:1"), ::testing::ElementsAre("C", "B", "A"));
  EXPECT_THAT(titles("user:1", {}, 2), ::testing::ElementsAre("C", "B"));
  EXPECT_THAT(titles("user:1", ids[1]), ::testing::ElementsAre("A"));
  now_ = now_ + 61s;
  ASSERT_TRUE(resume(ids[0]));
  EXPECT_THAT(titles("user:1"), ::testing::ElementsAre("A", "C", "B"));
}

TEST_P(ConversationStoreTest, ATitleCanBeChanged) {
  const auto opened = begin("user:1", "One");
  EXPECT_TRUE(run_to_completion(store_.rename(opened.id, "user:1", "Another", soon())).value());
  EXPECT_EQ(run_to_completion(store_.find(opened.id, "user:1", soon())).value()->title, "Another");
}

TEST_P(ConversationStoreTest, BoundsAndCleansWhatItKeeps) {
  const auto opened = begin("user:1", "One");
  std::string text(120'000, 'x');
  text[1] = '\0';
  text.replace(100'000, 2, "\u00e4");  // behind the NUL that goes, it lies across the bound
  ASSERT_TRUE(append(opened, {{.role = Role::assistant, .content = text}}));
  EXPECT_EQ(messages(opened.id).back().message.content.size(), 99'999U);
}

TEST_P(ConversationStoreTest, ForgetsAPerson) {
  const Uuid user = crypto::new_uuid(now_);
  begin("user:" + user.str(), "Mine");
  begin("user:1", "Another's");
  std::vector<storage::BoundStatement> statements;
  statements.push_back(forget_conversations_of(user));
  ASSERT_TRUE(run_to_completion((*database_).transact(std::move(statements), soon())));
  EXPECT_TRUE(titles("user:" + user.str()).empty());
  EXPECT_EQ(titles("user:1").size(), 1U);
}

TEST(ConversationTitles, AreTheFirstLineCutBetweenWords) {
  EXPECT_EQ(title_of("  Hello \nthere"), "Hello");
  EXPECT_EQ(title_of(" \n "), "Conversation");
  EXPECT_EQ(title_of("/check_verification_code code=123456"), "/check_verification_code");
  EXPECT_EQ(title_of("/check{\"code\":\"123456\"}"), "/check");
  EXPECT_EQ(title_of(std::string(60, 'a')), std::string(60, 'a'));
  const std::string words = "Please tell me where the parcel that I sent to Oslo last week is now";
  EXPECT_EQ(title_of(words), "Please tell me where the parcel that I sent to Oslo last\u2026");
  std::string wide;
  for (int i = 0; i < 70; ++i) wide += "\u00e4";
  EXPECT_EQ(utf8_length(title_of(wide)), 60U);
}

}  // namespace
}  // namespace kriya::agent
