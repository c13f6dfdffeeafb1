#include "storage/postgres/migrate.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/postgres_server.h"

namespace kriya::storage::postgres {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::TextRows;

const Timestamp kNow = *parse_rfc3339("2026-11-21T09:30:00.123456Z");
constexpr const char* kUuid = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

std::string as_it_is(const std::string& number) { return number; }

class PostgresMigrateTest : public ::testing::Test {
 protected:
  Result<Migrated> migrate(const PhoneSpelling& spelling = as_it_is) {
    return postgres::migrate(Secret(database_.url()), kNow, spelling);
  }
  Result<SchemaState> state() { return schema_state(Secret(database_.url())); }
  TextRows run(const std::string& sql) { return database_.run(sql); }

  /// What stops the migration; fails the test when nothing does, or when something was changed all the same.
  std::string refusal() {
    const TextRows before = run(kEverything);
    const auto done = migrate();
    if (done) return ADD_FAILURE() << "was migrated", "";
    EXPECT_EQ(done.error().code, Errc::conflict) << done.error().detail;
    EXPECT_EQ(run(kEverything), before);
    return done.error().detail;
  }

  static constexpr const char* kEverything =
      "SELECT table_name, column_name, data_type, is_nullable, column_default, ordinal_position "
      "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 6";

  tests::PostgresDatabase database_;
};

TEST_F(PostgresMigrateTest, AppliesEachMigrationOnceAndSaysWhich) {
  const auto first = migrate();
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->applied.size(), postgres_migrations().size());
  EXPECT_EQ(first->taken_over.users, 0);
  const auto second = migrate();
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_TRUE(second->applied.empty());
  const auto now = state();
  ASSERT_TRUE(now) << now.error().detail;
  EXPECT_TRUE(now->pending.empty());
  EXPECT_EQ(now->applied.front().name, "users");
  EXPECT_EQ(now->applied.front().applied_at, kNow);
  EXPECT_EQ(now->applied.front().oldest_program, std::nullopt);
  EXPECT_EQ(now->applied[2].oldest_program, 2);
}

TEST_F(PostgresMigrateTest, ManyThatMigrateAtOnceApplyEachOnce) {
  std::atomic<std::size_t> applied{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      const auto done = migrate();
      ASSERT_TRUE(done) << done.error().detail;
      applied += done->applied.size();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(applied, postgres_migrations().size());
}

TEST_F(PostgresMigrateTest, LookingChangesNothing) {
  const auto empty = state();
  ASSERT_TRUE(empty) << empty.error().detail;
  EXPECT_EQ(empty->version(), 0);
  EXPECT_FALSE(empty->takes_over);
  EXPECT_TRUE(run(kEverything).empty());
}

TEST_F(PostgresMigrateTest, ASchemaOfTheUrlsSearchPathIsAWorldOfItsOwn) {
  run("CREATE SCHEMA own; CREATE TABLE public.users (login text)");
  const Secret url(database_.url() + "?options=-csearch_path%3Down,public");
  const auto done = postgres::migrate(url, kNow, as_it_is);
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_THAT(run("SELECT to_regclass('own.users') IS NOT NULL, to_regclass('own.schema_migrations') IS NOT NULL"),
              ElementsAre(ElementsAre("t", "t")));
}

TEST_F(PostgresMigrateTest, WorksWithANewerSchemaThatLeavesThisProgramWorking) {
  ASSERT_TRUE(migrate());
  run("INSERT INTO schema_migrations SELECT max(version) + 1, 'future', now(), max(version) FROM schema_migrations");
  const auto newer = state();
  ASSERT_TRUE(newer) << newer.error().detail;
  EXPECT_TRUE(newer->pending.empty());
  EXPECT_EQ(newer->version(), static_cast<int>(postgres_migrations().size()) + 1);
  EXPECT_TRUE(migrate()->applied.empty());
}

TEST_F(PostgresMigrateTest, RefusesANewerSchemaThatDoesNot) {
  ASSERT_TRUE(migrate());
  run("INSERT INTO schema_migrations SELECT max(version) + 1, 'future', now(), max(version) + 1 FROM "
      "schema_migrations");
  for (const Error& error : {state().error(), migrate().error()}) {
    EXPECT_EQ(error.code, Errc::conflict);
    EXPECT_THAT(error.detail, HasSubstr("newer than this kriya knows"));
  }
}

TEST_F(PostgresMigrateTest, RefusesTheMigrationsOfAnotherProgram) {
  run("CREATE TABLE schema_migrations (version varchar PRIMARY KEY)");  // as Ruby on Rails makes it
  EXPECT_THAT(refusal(), HasSubstr("another program"));
  run("DROP TABLE schema_migrations; CREATE TABLE issued_tokens (id int)");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("issued_tokens"), HasSubstr("another program")));
}

TEST_F(PostgresMigrateTest, DoesNotWaitLongForATableInUse) {
  run("CREATE TABLE users (id uuid PRIMARY KEY, phone_number text UNIQUE)");
  const std::unique_ptr<PGconn, decltype(&PQfinish)> other(PQconnectdb(database_.url().c_str()), PQfinish);
  PQclear(PQexec(other.get(), "BEGIN; LOCK TABLE users IN ACCESS SHARE MODE"));
  const auto start = std::chrono::steady_clock::now();
  const auto done = migrate();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::unavailable);
  EXPECT_THAT(done.error().detail, HasSubstr("in use"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

// ---- The table of the Python service ----

constexpr const char* kUserColumns =
    "SELECT column_name, data_type, character_maximum_length, is_nullable, column_default, is_identity, is_generated, "
    "collation_name FROM information_schema.columns WHERE table_name = 'users' AND column_name = ANY ('{id, "
    "phone_number, first_name, last_name, email, token_version, created_at, updated_at}') ORDER BY 1";
constexpr const char* kUsers =
    "SELECT id, phone_number, first_name, last_name, email, token_version, created_at AT TIME ZONE 'UTC', "
    "updated_at AT TIME ZONE 'UTC' FROM users ORDER BY id";

/// Column definitions, and rows as they come out.
struct Shape {
  const char* name;
  std::string columns;
  std::string row;  // of a user like kTakenOver below
};

void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

class TakeOverTest : public PostgresMigrateTest, public ::testing::WithParamInterface<Shape> {};

const Shape kShapes[] = {
    {"uuid",
     "id uuid PRIMARY KEY, phone_number varchar(20) UNIQUE NOT NULL, first_name varchar(100) NOT NULL, "
     "last_name varchar(100), email varchar(255), token_version integer NOT NULL DEFAULT 0, "
     "created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz DEFAULT now()",
     "'017f22e2-79b0-7cc3-98c4-dc0c0c07398f', '+14155550123', 'Asha', 'Rao', 'asha@example.com', 3, "
     "'2025-01-02 03:04:05.678901+00', '2025-02-03 04:05:06+00'"},
    {"dashed_text",
     "id varchar(36) PRIMARY KEY, phone_number text NOT NULL, first_name text, last_name text, email text, "
     "token_version smallint, created_at timestamp, updated_at timestamp",
     "'017F22E2-79B0-7CC3-98C4-DC0C0C07398F', '+1 (415) 555-0123', 'Asha', 'Rao', 'asha@example.com', 3, "
     "'2025-01-02 03:04:05.678901', '2025-02-03 04:05:06'"},
    {"bare_text",
     "id char(32) PRIMARY KEY DEFAULT md5(random()::text), phone_number varchar UNIQUE, first_name varchar(50), "
     "last_name varchar, email varchar UNIQUE, token_version bigint DEFAULT 1, created_at timestamp DEFAULT "
     "CURRENT_TIMESTAMP, updated_at timestamp",
     "'017f22e279b07cc398c4dc0c0c07398f', '001.415.555.0123', 'Asha', 'Rao', 'asha@example.com', 3, "
     "'2025-01-02 03:04:05.678901', '2025-02-03 04:05:06'"},
    {"without_keys",
     "email text COLLATE \"C\", id text, phone_number varchar(20) COLLATE \"C\", first_name text, last_name text, "
     "token_version integer, created_at timestamptz, updated_at timestamp",
     "'asha@example.com', '{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}', 'tel:+14155550123', 'Asha', 'Rao', 3, "
     "'2025-01-02 05:04:05.678901+02', '2025-02-03 04:05:06'"},
};

INSTANTIATE_TEST_SUITE_P(Shapes, TakeOverTest, ::testing::ValuesIn(kShapes),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(TakeOverTest, KeepsThePeopleAndLeavesTheColumnsOfANewDatabase) {
  run("CREATE TABLE users (" + GetParam().columns + "); INSERT INTO users VALUES (" + GetParam().row + ")");
  EXPECT_TRUE(state()->takes_over);
  const auto done = migrate();
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(done->taken_over.users, 1);
  EXPECT_FALSE(state()->takes_over);
  EXPECT_THAT(run(kUsers), ElementsAre(ElementsAre(kUuid, "+14155550123", "Asha", "Rao", "asha@example.com", "3",
                                                   "2025-01-02 03:04:05.678901", "2025-02-03 04:05:06")));
  const tests::PostgresDatabase fresh;
  ASSERT_TRUE(postgres::migrate(Secret(fresh.url()), kNow, as_it_is));
  EXPECT_EQ(run(kUserColumns), fresh.run(kUserColumns));
}

TEST_F(PostgresMigrateTest, AnIntegerIdBecomesAUuidThatCanBeWorkedOut) {
  for (const char* type : {"serial", "bigserial", "smallint", "integer GENERATED ALWAYS AS IDENTITY",
                           "bigint GENERATED BY DEFAULT AS IDENTITY"}) {
    run("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    run(std::string("CREATE TABLE users (id ") + type + " PRIMARY KEY, phone_number varchar UNIQUE)");
    run("INSERT INTO users (id, phone_number) OVERRIDING SYSTEM VALUE VALUES (0, '+14155550100'), (10, "
        "'+14155550110'), "
        "(32767, '+14155550132')");
    const auto done = migrate();
    ASSERT_TRUE(done) << type << ": " << done.error().detail;
    EXPECT_THAT(run("SELECT id, phone_number FROM users ORDER BY id"),
                ElementsAre(ElementsAre("00000000-0000-0000-0000-000000000000", "+14155550100"),
                            ElementsAre("00000000-0000-0000-0000-00000000000a", "+14155550110"),
                            ElementsAre("00000000-0000-0000-0000-000000007fff", "+14155550132")))
        << type;
  }
}

TEST_F(PostgresMigrateTest, WhatIsMissingOrEmptyGetsAValueOrNull) {
  run("CREATE TABLE users (id uuid PRIMARY KEY, phone_number varchar UNIQUE, first_name varchar, last_name varchar, "
      "email varchar, created_at timestamp)");  // the older version: no token_version; no updated_at
  run(std::string("INSERT INTO users VALUES ('") + kUuid + "', '+14155550123', NULL, '', '', '2025-01-02')");
  ASSERT_TRUE(migrate());
  EXPECT_THAT(run(kUsers), ElementsAre(ElementsAre(kUuid, "+14155550123", "", "NULL", "NULL", "0",
                                                   "2025-01-02 00:00:00", "2025-01-02 00:00:00")));
}

TEST_F(PostgresMigrateTest, AMissingTimeIsTheOtherOrNow) {
  run("CREATE TABLE users (id integer PRIMARY KEY, phone_number text, created_at timestamp, updated_at timestamptz)");
  run("INSERT INTO users VALUES (1, '+14155550101', NULL, '2025-02-03 04:05:06+00'), (2, '+14155550102', NULL, NULL)");
  ASSERT_TRUE(migrate());
  EXPECT_THAT(run("SELECT created_at = '2025-02-03 04:05:06+00', created_at > now() - interval '1 hour' AND "
                  "created_at = updated_at FROM users ORDER BY id"),
              ElementsAre(ElementsAre("t", "f"), ElementsAre("f", "t")));
}

TEST_F(PostgresMigrateTest, TokenVersionNullIsZero) {
  run("CREATE TABLE users (id integer PRIMARY KEY, phone_number text UNIQUE, token_version integer)");
  run("INSERT INTO users VALUES (1, '+14155550101', NULL), (2, '+14155550102', 7)");
  ASSERT_TRUE(migrate());
  EXPECT_THAT(run("SELECT token_version FROM users ORDER BY id"), ElementsAre(ElementsAre("0"), ElementsAre("7")));
}

TEST_F(PostgresMigrateTest, ColumnsOfOtherMakingStayAndStopNoNewPerson) {
  run("CREATE TYPE mood AS ENUM ('calm', 'merry')");
  run("CREATE TABLE users (id uuid, tenant integer NOT NULL, phone_number varchar(32) NOT NULL, email varchar UNIQUE, "
      "feeling mood NOT NULL DEFAULT 'calm', score integer NOT NULL, label text GENERATED ALWAYS AS (tenant::text) "
      "STORED, number integer GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (tenant, phone_number), UNIQUE (tenant, "
      "email))");
  run("CREATE UNIQUE INDEX by_email ON users (lower(email)); CREATE UNIQUE INDEX by_phone ON users (phone_number)");
  run(std::string("INSERT INTO users (id, tenant, phone_number, email, score) VALUES ('") + kUuid +
      "', 4, '+14155550123', 'a@example.com', 9)");
  const auto done = migrate();
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_THAT(run("SELECT tenant, feeling, score, label, number FROM users"),
              ElementsAre(ElementsAre("4", "calm", "9", "4", "1")));
  for (const char* last : {"4", "5"}) {
    run(std::string("INSERT INTO users (id, phone_number, first_name, email, created_at, updated_at) VALUES ") +
        "(gen_random_uuid(), '+1415555010" + last +
        "', 'A', 'a@example.com', now(), now()) "
        "ON CONFLICT (phone_number) DO NOTHING");
  }
  EXPECT_THAT(run("SELECT count(*) FROM users"), ElementsAre(ElementsAre("3")));
}

TEST_F(PostgresMigrateTest, ADeferrableUniqueIsNoneForConflicts) {
  run("CREATE TABLE users (id uuid PRIMARY KEY, phone_number text UNIQUE DEFERRABLE)");
  const auto done = migrate();
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_NO_THROW(
      run("INSERT INTO users VALUES (gen_random_uuid(), '+14155550101', 'A', NULL, NULL, 0, now(), now()) "
          "ON CONFLICT (phone_number) DO NOTHING"));
}

TEST_F(PostgresMigrateTest, AForeignKeyOnAUuidIsNoHindrance) {
  run("CREATE TABLE users (id uuid PRIMARY KEY, phone_number varchar(20) UNIQUE)");
  run("CREATE TABLE orders (id serial, user_id uuid REFERENCES users, phone varchar(20) REFERENCES users "
      "(phone_number))");
  run(std::string("INSERT INTO users VALUES ('") + kUuid + "', '+14155550123')");
  run(std::string("INSERT INTO orders (user_id, phone) VALUES ('") + kUuid + "', '+14155550123')");
  const auto done = migrate();
  ASSERT_TRUE(done) << done.error().detail;
}

TEST_F(PostgresMigrateTest, AForeignKeyThatPreventsTheChangeIsNamed) {
  run("CREATE TABLE users (id serial PRIMARY KEY, phone_number varchar(20) UNIQUE, invited_by integer REFERENCES "
      "users)");
  run("CREATE TABLE orders (user_id integer CONSTRAINT who_ordered REFERENCES users)");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("users.id is of type integer"), HasSubstr("orders (who_ordered)"),
                               HasSubstr("users (users_invited_by_fkey)"), HasSubstr("nothing was changed")));
}

TEST_F(PostgresMigrateTest, AViewThatPreventsTheChangeIsNamed) {
  run("CREATE TABLE users (id uuid PRIMARY KEY, phone_number varchar(20) UNIQUE)");
  run("CREATE VIEW numbers AS SELECT phone_number FROM users");
  EXPECT_THAT(refusal(), HasSubstr("view numbers"));
}

TEST_F(PostgresMigrateTest, NumbersThatAreNoneStopItWithTheirRows) {
  run("CREATE TABLE users (id serial PRIMARY KEY, phone_number varchar(40) UNIQUE)");
  run("INSERT INTO users (phone_number) VALUES ('+14155550123'), ('4155550124'), ('+0123456789'), ('+1415555x'), "
      "(NULL), ('+1234567'), ('+1234567890123456'), ('')");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("users.phone_number: 7 rows"), HasSubstr("ids: 2, 3, 4, 5, 6, ..."),
                               HasSubstr("nothing was changed"), Not(HasSubstr("4155550124"))));
}

TEST_F(PostgresMigrateTest, TwoRowsWithOneNumberStopIt) {
  run("CREATE TABLE users (id serial PRIMARY KEY, phone_number varchar(40) UNIQUE)");
  run("INSERT INTO users (phone_number) VALUES ('+14155550123'), ('+14155550100'), ('+1 415 555-0123')");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("users.phone_number: 2 rows"), HasSubstr("ids: 1, 3")));
}

TEST_F(PostgresMigrateTest, IdsThatCannotBeTakenOverStopIt) {
  const auto with = [&](const std::string& type, const std::string& ids) {
    run("DROP TABLE IF EXISTS users CASCADE; CREATE TABLE users (id " + type + ", phone_number text)");
    run("INSERT INTO users SELECT id::" + type + ", '+1415555010' || place FROM unnest(ARRAY[" + ids +
        "]::text[]) WITH ORDINALITY AS given (id, place)");
    return refusal();
  };
  EXPECT_THAT(with("text", "'017f22e2-79b0-7cc3-98c4-dc0c0c07398f', 'alice', NULL"),
              AllOf(HasSubstr("users.id: 2 rows"), HasSubstr("alice, NULL")));
  EXPECT_THAT(with("text", "'017f22e2-79b0-7cc3-98c4-dc0c0c07398f', '017F22E279B07CC398C4DC0C0C07398F'"),
              HasSubstr("users.id: 2 rows"));
  EXPECT_THAT(with("bigint", "'-1', '281474976710656', '281474976710655'"), HasSubstr("users.id: 2 rows"));
  EXPECT_THAT(with("uuid", "NULL"), HasSubstr("users.id: 1 rows"));
  EXPECT_THAT(with("boolean", "'true'"), HasSubstr("users.id is of type boolean"));
}

TEST_F(PostgresMigrateTest, EveryHindranceIsNamedAtOnce) {
  run("CREATE TABLE users (id serial PRIMARY KEY, phone_number text, token_version text, created_at timestamp)");
  run("CREATE TABLE orders (user_id integer REFERENCES users)");
  run("INSERT INTO users VALUES (1, 'none', 'x', 'infinity')");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("users.phone_number: 1 rows"), HasSubstr("users.token_version is of type text"),
                    HasSubstr("users.created_at: 1 rows"), HasSubstr("orders")));
}

TEST_F(PostgresMigrateTest, ATableThatRefusesNewRowsStopsIt) {
  run("CREATE TABLE users (id uuid PRIMARY KEY, phone_number text UNIQUE, tenant integer, CHECK (tenant IS NOT NULL))");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("refuses new rows"), HasSubstr("users_tenant_check")));
}

TEST_F(PostgresMigrateTest, ATableUsersOfAnotherProgramIsRefused) {
  run("CREATE TABLE users (id serial PRIMARY KEY, login text)");
  EXPECT_THAT(refusal(), HasSubstr("belongs to another program"));
  run("DROP TABLE users; CREATE VIEW users AS SELECT 1 AS id, 'x' AS phone_number");
  EXPECT_THAT(refusal(), HasSubstr("belongs to another program"));
}

TEST_F(PostgresMigrateTest, NumbersAreBroughtToTheirOneSpellingUnlessAnotherUserHasIt) {
  run("CREATE TABLE users (id serial PRIMARY KEY, phone_number varchar UNIQUE)");
  run("INSERT INTO users (phone_number) VALUES ('+4402079460958'), ('+14155550123'), ('+4402079460959'), "
      "('+442079460959')");
  const auto done =
      migrate([](const std::string& number) { return number.starts_with("+440") ? "+44" + number.substr(4) : number; });
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(done->taken_over.users, 4);
  EXPECT_EQ(done->taken_over.respelled, 1);
  EXPECT_EQ(done->taken_over.left, 1);
  EXPECT_THAT(run("SELECT phone_number FROM users ORDER BY id"),
              ElementsAre(ElementsAre("+442079460958"), ElementsAre("+14155550123"), ElementsAre("+4402079460959"),
                          ElementsAre("+442079460959")));
}

TEST_F(PostgresMigrateTest, MorePeopleThanAPageAreLookedAt) {
  run("CREATE TABLE users (id serial PRIMARY KEY, phone_number varchar UNIQUE)");
  run("INSERT INTO users (phone_number) SELECT '+1415' || (5000000 + n) FROM generate_series(1, 10001) AS n");
  const auto done = migrate();
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(done->taken_over.users, 10001);
}

}  // namespace
}  // namespace kriya::storage::postgres
