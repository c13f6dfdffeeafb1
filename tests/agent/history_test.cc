#include "agent/history.h"

#include <gtest/gtest.h>

namespace kriya::agent {
namespace {

Message user(std::string text) { return {.role = Role::user, .content = std::move(text)}; }
Message assistant(std::string text) { return {.role = Role::assistant, .content = std::move(text)}; }
Message calling(std::string id) {
  return {.role = Role::assistant, .content = "", .calls = {{.id = std::move(id), .name = "add"}}};
}
Message result(std::string id) { return {.role = Role::tool, .content = "5", .calls = {}, .call_id = std::move(id)}; }

TEST(History, KeepsTheLatestRoundsWhole) {
  const std::string kilobyte(1'000, 'x');
  const auto kept = within_budget(
      {user("A" + kilobyte), assistant("a"), user("B"), calling("c"), result("c"), assistant(kilobyte), user("C")},
      400);
  ASSERT_EQ(kept.size(), 5U);
  EXPECT_EQ(kept[0].content, "B");
}

TEST(History, TheLastRoundStaysHoweverLongItIs) {
  const auto kept = within_budget({user("A"), assistant("a"), user(std::string(100'000, 'x'))}, 10);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].content.size(), 100'000U);
}

TEST(History, MendsCallsAndAnswersThatDoNotFit) {
  const auto kept =
      within_budget({user("A"), calling("c1"), user("B"), result("nobody"), calling("c2"), result("c2")}, 10'000);
  ASSERT_EQ(kept.size(), 6U);
  EXPECT_EQ(kept[2].role, Role::tool);
  EXPECT_EQ(kept[2].call_id, "c1");
  EXPECT_EQ(kept[3].content, "B");
  EXPECT_EQ(kept[5].call_id, "c2");
}

}  // namespace
}  // namespace kriya::agent
