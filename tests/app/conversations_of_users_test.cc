#include "app/conversations_of_users.h"

#include <gtest/gtest.h>

#include "crypto/random.h"
#include "identity/account_store.h"
#include "tests/support/test_database.h"

namespace kriya::app {
namespace {

using tests::soon;

class ConversationsOfUsersTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  void begin(const std::string& owner, const std::string& said) {
    ASSERT_TRUE(run_to_completion(store_.begin(crypto::new_uuid(now_), owner, said, now_, soon())));
  }

  const Timestamp now_ = SystemClock{}.now();
  tests::TestDatabase database_{GetParam()};
  agent::ConversationStore store_{*database_};
  ConversationsOfUsers conversations_{*database_};
  const Uuid user_ = crypto::new_uuid(now_);
};

INSTANTIATE_TEST_SUITE_P(Engines, ConversationsOfUsersTest, tests::every_engine(), tests::engine_name);

TEST_P(ConversationsOfUsersTest, AnExportHasEveryConversationOfTheUserAlone) {
  for (int i = 0; i < 101; ++i) begin("user:" + user_.str(), "Number " + std::to_string(i));
  begin("browser:x", "Another's");
  const auto all = run_to_completion(conversations_.conversations_of(user_, soon())).value();
  ASSERT_EQ(all.size(), 101U);
  EXPECT_EQ(all.back().at("messages").at(0).at("role"), "user");
}

TEST_P(ConversationsOfUsersTest, DeletingAnAccountDeletesThem) {
  begin("user:" + user_.str(), "Mine");
  begin("browser:x", "Another's");
  identity::AccountStore accounts(*database_);
  ASSERT_TRUE(run_to_completion(accounts.remove(user_, soon(), conversations_.forget(user_))));
  EXPECT_TRUE(run_to_completion(conversations_.conversations_of(user_, soon())).value().empty());
  EXPECT_EQ(run_to_completion(store_.list("browser:x", {}, 10, soon())).value().size(), 1U);
}

}  // namespace
}  // namespace kriya::app
