#include "storage/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kriya::storage {
namespace {

using ::testing::HasSubstr;

constexpr Migration kKnown[] = {{1, "users", "", 0}, {2, "keys", "", 1}, {3, "instances", "", 2}};

SchemaState::Applied applied(int number, const char* name, std::optional<int> oldest_program = {}) {
  return {number, name, Timestamp(), oldest_program};
}

TEST(CompareSchema, WhatIsNotAppliedIsPending) {
  EXPECT_EQ(compare_schema({}, kKnown)->pending.size(), 3U);
  const auto state = compare_schema({applied(1, "users")}, kKnown);
  EXPECT_EQ(state->version(), 1);
  ASSERT_EQ(state->pending.size(), 2U);
  EXPECT_EQ(state->pending.front().number, 2);
}

TEST(CompareSchema, ANewerSchemaIsUsableAsLongAsEveryNewerMigrationSaysSo) {
  const auto with = [](std::vector<SchemaState::Applied> newer) {
    std::vector<SchemaState::Applied> all{applied(1, "users"), applied(2, "keys"), applied(3, "instances", 2)};
    all.insert(all.end(), newer.begin(), newer.end());
    return compare_schema(std::move(all), kKnown);
  };
  EXPECT_EQ(with({applied(4, "x")})->version(), 4);  // unsaid: the version before
  EXPECT_TRUE(with({applied(4, "x", 3), applied(5, "y", 2)}));
  EXPECT_FALSE(with({applied(4, "x"), applied(5, "y")}));
  EXPECT_FALSE(with({applied(4, "x", 4)}));
  EXPECT_THAT(with({applied(4, "x", 4), applied(5, "y", 1)}).error().detail, HasSubstr("newer than this kriya knows"));
}

TEST(CompareSchema, ADatabaseOfAnotherProgramIsRefused) {
  for (const auto& list :
       {std::vector{applied(1, "posts")}, std::vector{applied(0, "users")}, std::vector{applied(2, "keys")},
        std::vector{applied(1, "users"), applied(3, "instances")}}) {
    const auto state = compare_schema(list, kKnown);
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, Errc::conflict);
    EXPECT_THAT(state.error().detail, HasSubstr("another program"));
  }
}

TEST(Migrations, HaveTheSameNumbersAndNamesOnEveryEngine) {
  ASSERT_EQ(sqlite_migrations().size(), postgres_migrations().size());
  for (std::size_t i = 0; i < sqlite_migrations().size(); ++i) {
    const Migration& sqlite = sqlite_migrations()[i];
    const Migration& postgres = postgres_migrations()[i];
    EXPECT_EQ(sqlite.name, postgres.name);
    EXPECT_EQ(sqlite.number, static_cast<int>(i) + 1);
    EXPECT_EQ(sqlite.number, postgres.number);
    EXPECT_EQ(sqlite.oldest_program, postgres.oldest_program);
    EXPECT_LT(sqlite.oldest_program, sqlite.number) << "expand first, contract a version later";
  }
}

}  // namespace
}  // namespace kriya::storage
