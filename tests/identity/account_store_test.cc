#include "identity/account_store.h"

#include <gtest/gtest.h>

#include "identity/session_store.h"
#include "messaging/message_store.h"
#include "tests/support/test_database.h"

namespace kriya::identity {
namespace {

using tests::soon;

const Timestamp kNow = *parse_rfc3339("2026-11-21T09:30:00Z");

Uuid id_number(std::uint8_t n) { return Uuid::v7(Timestamp{kNow.micros + n * 1000LL}, {n}); }

User user_number(std::uint8_t n) {
  return {.id = id_number(n),
          .phone_number = "+1415555012" + std::to_string(n),
          .first_name = "Asha",
          .last_name = std::nullopt,
          .email = "asha@example.com",
          .token_version = 0,
          .created_at = kNow};
}

TokenRecord token_of(const User& user, std::uint8_t n, Timestamp expires = kNow) {
  return {id_number(n), user.id, "hash", kNow, expires, "203.0.113.7", "curl"};
}

SignIn sign_in_of(const User& user, std::uint8_t n) {
  return {.session = {.id = "session-" + std::to_string(n),
                      .user_id = user.id,
                      .token_version = user.token_version,
                      .started_at = kNow,
                      .proven_at = kNow,
                      .last_seen_at = kNow,
                      .expires_at = kNow + std::chrono::hours(24),
                      .ended_at = {},
                      .client_address = "203.0.113.7",
                      .user_agent = "curl"},
          .token = token_of(user, n),
          .refresh = RefreshToken{.hash = "refresh-" + std::to_string(n),
                                  .session_id = "session-" + std::to_string(n),
                                  .issued_at = kNow,
                                  .expires_at = kNow + std::chrono::hours(24),
                                  .used_at = {}}};
}

class AccountStoreTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  bool create(const User& user, std::uint8_t token) {
    return run_to_completion(store_.create(user, sign_in_of(user, token), soon())).value();
  }
  std::vector<Session> sessions(const User& user) {
    return run_to_completion(sessions_.of_user(user.id, soon())).value();
  }
  std::optional<User> find(const User& user) { return run_to_completion(store_.find_by_id(user.id, soon())).value(); }
  std::size_t tokens(const User& user) { return run_to_completion(store_.tokens_of(user.id, soon()))->size(); }

  tests::TestDatabase database_{GetParam()};
  AccountStore store_{*database_};
  SessionStore sessions_{*database_};
};

INSTANTIATE_TEST_SUITE_P(Engines, AccountStoreTest, tests::every_engine(), tests::engine_name);

TEST_P(AccountStoreTest, FindsWhatItStoredByIdAndByPhone) {
  const User user = user_number(1);
  ASSERT_TRUE(create(user, 1));
  const auto by_phone = run_to_completion(store_.find_by_phone(user.phone_number, soon())).value();
  ASSERT_TRUE(by_phone);
  EXPECT_EQ(by_phone->id, user.id);
  EXPECT_EQ(by_phone->last_name, std::nullopt);
  EXPECT_EQ(by_phone->email, user.email);
  EXPECT_EQ(find(user)->created_at, kNow);
  EXPECT_FALSE(find(user_number(2)));
}

TEST_P(AccountStoreTest, ASecondUserOfANumberIsNotMadeAndLeavesNoToken) {
  User first = user_number(1);
  User second = user_number(2);
  second.phone_number = first.phone_number;
  ASSERT_TRUE(create(first, 1));
  EXPECT_FALSE(create(second, 2));
  EXPECT_FALSE(find(second));
  EXPECT_EQ(tokens(first), 1U);
  EXPECT_EQ(tokens(second), 0U);
}

TEST_P(AccountStoreTest, RaisesTheTokenVersionOnceForEachVersion) {
  const User user = user_number(1);
  ASSERT_TRUE(create(user, 1));
  EXPECT_TRUE(run_to_completion(store_.raise_token_version(user.id, 0, kNow, soon())).value());
  EXPECT_FALSE(run_to_completion(store_.raise_token_version(user.id, 0, kNow, soon())).value());
  EXPECT_EQ(find(user)->token_version, 1);
  EXPECT_TRUE(run_to_completion(store_.revoke(user.id, kNow, soon())).value());
  EXPECT_EQ(find(user)->token_version, 2);
}

TEST_P(AccountStoreTest, RaisingTheVersionEndsTheSessionsThatBeganBefore) {
  User user = user_number(1);
  ASSERT_TRUE(create(user, 1));
  ASSERT_TRUE(run_to_completion(store_.raise_token_version(user.id, 0, kNow, soon())).value());
  user.token_version = 1;
  ASSERT_TRUE(run_to_completion(sessions_.begin(sign_in_of(user, 2), soon())));
  EXPECT_EQ(sessions(user)[0].ended_at, kNow);
  // A second logout that comes too late ends nothing that began since.
  EXPECT_FALSE(run_to_completion(store_.raise_token_version(user.id, 0, kNow, soon())).value());
  EXPECT_EQ(sessions(user)[1].ended_at, std::nullopt);
  ASSERT_TRUE(run_to_completion(store_.revoke(user.id, kNow, soon())).value());
  EXPECT_EQ(sessions(user)[1].ended_at, kNow);
}

TEST_P(AccountStoreTest, ChangesANumberOnceAndKeepsOnlyTheNewSession) {
  const User user = user_number(1);
  ASSERT_TRUE(create(user, 1));
  User after = user;
  after.token_version = 1;
  const auto change = [&](std::uint8_t n, const char* number) {
    return run_to_completion(store_.change_phone(user, number, sign_in_of(after, n), kNow, soon()));
  };
  EXPECT_TRUE(change(2, "+14155550199").value());
  EXPECT_EQ(find(user)->phone_number, "+14155550199");
  EXPECT_EQ(find(user)->token_version, 1);
  ASSERT_EQ(sessions(user).size(), 2U);
  EXPECT_EQ(sessions(user)[0].ended_at, kNow);
  EXPECT_EQ(sessions(user)[1].ended_at, std::nullopt);
  // Whoever read the user before that changes nothing, and leaves no session.
  EXPECT_FALSE(change(3, "+14155550198").value());
  EXPECT_EQ(find(user)->phone_number, "+14155550199");
  EXPECT_EQ(sessions(user).size(), 2U);
}

TEST_P(AccountStoreTest, ANumberOfAnotherUserIsNotTaken) {
  const User first = user_number(1);
  const User second = user_number(2);
  ASSERT_TRUE(create(first, 1));
  ASSERT_TRUE(create(second, 2));
  User after = first;
  after.token_version = 1;
  const auto taken =
      run_to_completion(store_.change_phone(first, second.phone_number, sign_in_of(after, 3), kNow, soon()));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::conflict);
  EXPECT_EQ(find(first)->token_version, 0);
  EXPECT_EQ(sessions(first)[0].ended_at, std::nullopt);
}

TEST_P(AccountStoreTest, KeepsAScopeUntilItIsTakenAway) {
  const User user = user_number(1);
  ASSERT_TRUE(create(user, 1));
  EXPECT_EQ(find(user)->scope, std::nullopt);
  EXPECT_TRUE(run_to_completion(store_.set_scope(user.id, "messages:send messages:read", kNow, soon())).value());
  EXPECT_EQ(find(user)->scope, "messages:send messages:read");
  EXPECT_TRUE(run_to_completion(store_.set_scope(user.id, std::nullopt, kNow, soon())).value());
  EXPECT_EQ(find(user)->scope, std::nullopt);
  EXPECT_FALSE(run_to_completion(store_.set_scope(id_number(9), "x", kNow, soon())).value());
}

TEST_P(AccountStoreTest, ADeletedUserIsForgottenInTheRecordOfMessages) {
  const User user = user_number(1);
  ASSERT_TRUE(create(user, 1));
  constexpr storage::Statement kInsert{
      storage::Use::write,
      "INSERT INTO messages (id, kind, requested_by, user_id, provider, channel, phone_masked, phone_hash, status, "
      "status_rank, segments, attempts, payload, channels_left, version, created_at, updated_at) "
      "VALUES ($1, 'notice', $4, $2, 'console', 'sms', '+1...', 'hash', 'sent', 4, 1, 1, 'sealed', '', 1, $3, $3)"};
  ASSERT_TRUE(
      run_to_completion((*database_).run(kInsert, {id_number(7), user.id, kNow, "user:" + user.id.str()}, soon())));
  messaging::MessageStore messages(*database_);
  const auto of_user = run_to_completion(messages.of_user(user.id, soon())).value();
  ASSERT_EQ(of_user.size(), 1U);
  EXPECT_EQ(of_user[0].record.kind, "notice");
  EXPECT_EQ(of_user[0].record.status, messaging::Status::sent);
  EXPECT_TRUE(run_to_completion(messages.of_user(id_number(9), soon()))->empty());

  ASSERT_TRUE(run_to_completion(store_.remove(user.id, soon())).value());
  EXPECT_TRUE(run_to_completion(messages.of_user(user.id, soon()))->empty());
  constexpr storage::Statement kOwners{storage::Use::scan, "SELECT requested_by FROM messages"};
  const auto left = run_to_completion((*database_).run(kOwners, {}, soon())).value();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left.get<std::string>(0, 0), "user:deleted");
}

TEST_P(AccountStoreTest, RemovesAUserWithSessionsAndAuditLines) {
  const User user = user_number(1);
  ASSERT_TRUE(create(user, 1));
  EXPECT_TRUE(run_to_completion(store_.remove(user.id, soon())).value());
  EXPECT_FALSE(run_to_completion(store_.remove(user.id, soon())).value());
  EXPECT_FALSE(find(user));
  EXPECT_EQ(tokens(user), 0U);
  EXPECT_TRUE(sessions(user).empty());
  EXPECT_FALSE(run_to_completion(sessions_.find_refresh_token("refresh-1", soon())).value());
}

TEST_P(AccountStoreTest, RecordsNoTokenForAUserThatIsGone) {
  const User user = user_number(1);
  EXPECT_TRUE(run_to_completion(store_.record_token(token_of(user, 1), soon())));
  EXPECT_EQ(tokens(user), 0U);
}

TEST_P(AccountStoreTest, SweepsOnlyWhatHasExpiredInSteps) {
  const User user = user_number(1);
  ASSERT_TRUE(create(user, 1));
  for (std::uint8_t n = 2; n < 7; ++n) {
    ASSERT_TRUE(run_to_completion(store_.record_token(token_of(user, n, kNow + std::chrono::hours(n)), soon())));
  }
  const Timestamp cut = kNow + std::chrono::hours(5);
  EXPECT_EQ(run_to_completion(store_.sweep_tokens(cut, 3, soon())).value(), 3);
  EXPECT_EQ(run_to_completion(store_.sweep_tokens(cut, 3, soon())).value(), 1);
  EXPECT_EQ(tokens(user), 2U);
}

TEST_P(AccountStoreTest, ListsInPagesOldestFirst) {
  for (std::uint8_t n = 5; n > 0; --n) ASSERT_TRUE(create(user_number(n), n));
  const auto first = run_to_completion(store_.list(std::nullopt, 3, soon())).value();
  ASSERT_EQ(first.size(), 3U);
  EXPECT_EQ(first.front().id, id_number(1));
  const auto rest = run_to_completion(store_.list(first.back().id, 3, soon())).value();
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest.back().id, id_number(5));
}

}  // namespace
}  // namespace kriya::identity
