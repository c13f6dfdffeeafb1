#include "oauth/client_store.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/test_database.h"

namespace kriya::oauth {
namespace {

using tests::soon;

class ClientStoreTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  Client client(std::string id = new_client_id()) const {
    return {.id = std::move(id),
            .name = "Résumé bot",
            .secret_hash = hash_of_secret("kcs_one"),
            .scope = "messages:send messages:read",
            .created_at = clock_.now()};
  }
  Client added(std::string id = new_client_id()) {
    Client fresh = client(std::move(id));
    EXPECT_TRUE(run_to_completion(store_.create(fresh, soon())));
    return fresh;
  }
  std::optional<Client> find(const std::string& id) { return run_to_completion(store_.find(id, soon())).value(); }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  ClientStore store_{*database_};
};

INSTANTIATE_TEST_SUITE_P(Engines, ClientStoreTest, tests::every_engine(), tests::engine_name);

TEST_P(ClientStoreTest, KeepsWhatItWasGiven) {
  const Client given = added();
  const auto found = find(given.id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, given.id);
  EXPECT_EQ(found->name, given.name);
  EXPECT_EQ(found->secret_hash, given.secret_hash);
  EXPECT_EQ(found->scope, given.scope);
  EXPECT_EQ(found->version, 0);
  EXPECT_EQ(found->created_at, given.created_at);
  EXPECT_FALSE(found->rotated_at);
  EXPECT_FALSE(find("client_of_nobody"));
}

TEST_P(ClientStoreTest, RefusesAnIdThatIsTaken) {
  const Client given = added();
  EXPECT_EQ(run_to_completion(store_.create(client(given.id), soon())).error().code, Errc::conflict);
}

TEST_P(ClientStoreTest, ListsAllOldestFirst) {
  const Client first = added("client_z");
  clock_.advance(std::chrono::seconds(1));
  const Client second = added("client_a");
  const auto all = run_to_completion(store_.list(soon())).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, first.id);
  EXPECT_EQ(all[1].id, second.id);
}

TEST_P(ClientStoreTest, ARotationReplacesTheSecretAndRaisesTheVersionOfThatClientAlone) {
  const Client rotated = added();
  const Client other = added();
  clock_.advance(std::chrono::hours(1));
  EXPECT_TRUE(run_to_completion(store_.rotate(rotated.id, hash_of_secret("kcs_two"), clock_.now(), soon())).value());
  const auto found = find(rotated.id);
  EXPECT_EQ(found->secret_hash, hash_of_secret("kcs_two"));
  EXPECT_EQ(found->version, 1);
  EXPECT_EQ(found->rotated_at, clock_.now());
  EXPECT_EQ(find(other.id)->secret_hash, other.secret_hash);
  EXPECT_EQ(find(other.id)->version, 0);
  EXPECT_FALSE(run_to_completion(store_.rotate("client_of_nobody", "x", clock_.now(), soon())).value());
}

TEST_P(ClientStoreTest, ADeletedClientIsGoneOnceAndForAll) {
  const Client given = added();
  const Client other = added();
  EXPECT_TRUE(run_to_completion(store_.remove(given.id, soon())).value());
  EXPECT_FALSE(find(given.id));
  EXPECT_TRUE(find(other.id));
  EXPECT_FALSE(run_to_completion(store_.remove(given.id, soon())).value());
}

TEST(Client, HasAnIdAndASecretThatNobodyGuesses) {
  const std::string id = new_client_id();
  const std::string secret(new_client_secret().reveal());
  EXPECT_EQ(id.size(), std::string("client_").size() + 22);
  EXPECT_EQ(secret.size(), std::string("kcs_").size() + 43);
  EXPECT_TRUE(id.starts_with("client_") && secret.starts_with("kcs_"));
  EXPECT_NE(new_client_id(), id);
  EXPECT_NE(new_client_secret().reveal(), secret);
  EXPECT_EQ(hash_of_secret(secret).size(), 43U);
  EXPECT_EQ(hash_of_secret(secret).find(secret.substr(4)), std::string::npos);
}

TEST(Client, HasANameThatFitsOnALine) {
  EXPECT_EQ(parse_client_name("  Résumé bot "), "Résumé bot");
  EXPECT_FALSE(parse_client_name(" "));
  EXPECT_FALSE(parse_client_name("two\nlines"));
  EXPECT_FALSE(parse_client_name("\xff"));
  EXPECT_TRUE(parse_client_name(std::string(100, 'x')));
  EXPECT_FALSE(parse_client_name(std::string(101, 'x')));
}

TEST(Client, AScopeIsASetOfWords) {
  EXPECT_EQ(words_of(" b  a b "), (std::vector<std::string>{"b", "a"}));
  EXPECT_TRUE(words_of("").empty());
  EXPECT_EQ(within("a b c", "c a"), "a c");
  EXPECT_EQ(within("ab", "a b"), "");
  EXPECT_EQ(within("a", ""), "");
  EXPECT_EQ(within("a b", "a b"), "a b");
}

}  // namespace
}  // namespace kriya::oauth
