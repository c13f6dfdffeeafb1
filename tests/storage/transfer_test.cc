#include "storage/transfer.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/sqlite/connection.h"
#include "storage/transfer_tables.h"
#include "tests/support/test_database.h"

namespace kriya::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tests::Engine;
using tests::soon;
using Lines = std::vector<std::string>;

const Timestamp kNow = *parse_rfc3339("2026-11-21T09:30:00.000001Z");
constexpr int kVersion = 3;

constexpr const char* kAsha = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
constexpr const char* kHeader = R"({"kriya_export":1,"schema_version":3,"created_at":"2026-11-21T09:30:00.000001Z"})";
constexpr const char* kUserLine =
    R"({"table":"users","row":{"id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","phone_number":"+14155550123",)"
    R"("first_name":"मीरा \"M\"","last_name":null,"email":"m@example.com","token_version":9007199254740993,)"
    R"("created_at":"2026-11-21T09:30:00.123456Z","updated_at":"2026-11-21T09:30:00Z","scope":null}})";
constexpr const char* kTokenLine =
    R"({"table":"issued_tokens","row":{"id":"017f22e2-79b0-7cc3-98c4-000000000001",)"
    R"("user_id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","token_hash":"ab","issued_at":"2026-11-21T09:30:00Z",)"
    R"("expires_at":"2026-11-22T09:30:00Z","client_address":"127.0.0.1","user_agent":""}})";
constexpr const char* kSessionLine =
    R"({"table":"sessions","row":{"id":"a-sid","user_id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","token_version":0,)"
    R"("started_at":"2026-11-21T09:30:00Z","proven_at":null,"last_seen_at":"2026-11-21T09:30:00Z",)"
    R"("expires_at":"2026-11-22T09:30:00Z","ended_at":null,"client_address":"127.0.0.1","user_agent":""}})";
constexpr const char* kKeyLine =
    R"({"table":"signing_keys","row":{"id":"kid-1","algorithm":"ES256","generation":1,"private_key":"sealed",)"
    R"("created_at":"2026-11-21T09:30:00Z"}})";

std::string end_line(std::size_t rows) { return R"({"end":true,"rows":)" + std::to_string(rows) + "}"; }

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  return text.replace(text.find(what), what.size(), with);
}

std::string user_line(int number) {
  std::string digits = std::to_string(10000 + number);
  std::string line = replaced(kUserLine, kAsha, "017f22e2-79b0-7cc3-98c4-0000000" + digits);
  return replaced(line, "+14155550123", "+14155" + digits);
}

class TransferTest : public ::testing::TestWithParam<Engine> {
 protected:
  static Result<Lines> exported(tests::TestDatabase& database) {
    Lines lines;
    const auto rows = run_to_completion(export_all(
        *database, kVersion, kNow,
        [&](std::string_view line) -> Result<void> {
          lines.emplace_back(line);
          return {};
        },
        [](std::string_view, std::int64_t) {}));
    if (!rows) return fail(rows.error());
    EXPECT_EQ(static_cast<std::size_t>(*rows) + 2, lines.size());
    return lines;
  }

  static Result<ImportCount> import(tests::TestDatabase& database, const Lines& lines) {
    std::size_t next = 0;
    return run_to_completion(import_all(
        *database, kVersion,
        [&]() -> Result<std::optional<std::string>> {
          if (next == lines.size()) return std::optional<std::string>();
          return lines[next++];
        },
        [](std::string_view, std::int64_t) {}));
  }
  Result<ImportCount> import(const Lines& lines) { return import(database_, lines); }

  /// Why the rows between a good head and a good end are refused.
  std::string refusal(Lines rows) {
    const std::size_t count = rows.size();
    rows.insert(rows.begin(), kHeader);
    rows.push_back(end_line(count));
    const auto done = import(rows);
    return done ? "imported" : done.error().detail;
  }

  std::int64_t count(const char* table) {
    sql_ = std::string("SELECT count(*) FROM ") + table;
    return run_to_completion((*database_).run({Use::scan, sql_.c_str()}, {}, soon()))->get<std::int64_t>(0, 0);
  }

  tests::TestDatabase database_{GetParam()};
  std::string sql_;
};

INSTANTIATE_TEST_SUITE_P(Engines, TransferTest, tests::every_engine(), tests::engine_name);

TEST_P(TransferTest, WhatWentInComesOutTheSame) {
  const Lines lines{kHeader, kUserLine, kTokenLine, kKeyLine, end_line(3)};
  const auto count = import(lines);
  ASSERT_TRUE(count) << count.error().detail;
  EXPECT_EQ(count->inserted, 3);
  const auto out = exported(database_);
  ASSERT_TRUE(out) << out.error().detail;
  EXPECT_EQ(*out, lines);
}

TEST_P(TransferTest, GoesFromEveryEngineToEveryOther) {
  ASSERT_TRUE(import({kHeader, kUserLine, kTokenLine, kKeyLine, end_line(3)}));
  const Lines lines = exported(database_).value();
  for (const Engine engine : {Engine::sqlite, Engine::postgres}) {
    tests::TestDatabase other(engine);
    ASSERT_TRUE(import(other, lines));
    EXPECT_EQ(exported(other).value(), lines);
  }
}

TEST_P(TransferTest, AnEmptyDatabaseIsAFileOfTwoLines) {
  EXPECT_EQ(exported(database_).value(), (Lines{kHeader, end_line(0)}));
  EXPECT_TRUE(import({kHeader, end_line(0)}));
}

TEST_P(TransferTest, AgainItFindsRowsWhoseKeyIsAText) {
  const Lines lines{kHeader, kUserLine, kSessionLine, end_line(2)};
  ASSERT_TRUE(import(lines));
  EXPECT_EQ(exported(database_).value(), lines);
  const auto again = import(lines);
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->already_there, 2);
  EXPECT_EQ(again->without_parent, 0);
}

TEST_P(TransferTest, AgainItFindsEverythingThereAndChangesNothing) {
  const Lines lines{kHeader, kUserLine, kTokenLine, kKeyLine, end_line(3)};
  ASSERT_TRUE(import(lines));
  const auto again =
      import({kHeader, replaced(kUserLine, "m@example.com", "other@example.com"), kTokenLine, kKeyLine, end_line(3)});
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->inserted, 0);
  EXPECT_EQ(again->already_there, 3);
  EXPECT_EQ(exported(database_).value(), lines);
}

TEST_P(TransferTest, MoreRowsThanAPageAndABatchGoThrough) {
  Lines lines{kHeader};
  for (int i = 0; i < 2001; ++i) lines.push_back(user_line(i));
  lines.push_back(replaced(kUserLine, kAsha, "00000000-0000-0000-0000-000000000000"));  // the least id there can be
  lines.push_back(end_line(2002));
  const auto count = import(lines);
  ASSERT_TRUE(count) << count.error().detail;
  EXPECT_EQ(count->inserted, 2002);
  Lines out = exported(database_).value();
  std::ranges::sort(lines);
  std::ranges::sort(out);
  EXPECT_EQ(out, lines);
}

TEST_P(TransferTest, AfterAnErrorWhatCameBeforeStaysAndAnotherRunGoesOn) {
  Lines lines{kHeader};
  for (int i = 0; i < 1200; ++i) lines.push_back(user_line(i));
  lines.push_back(end_line(1200));
  Lines broken = lines;
  broken[1100] = "{}";
  EXPECT_THAT(import(broken).error().detail, StartsWith("line 1101: "));
  EXPECT_EQ(count("users"), 1000) << "whole batches only";
  const auto again = import(lines);
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->inserted, 200);
  EXPECT_EQ(again->already_there, 1000);
}

TEST_P(TransferTest, ANumberOfAnotherPersonIsAnErrorThatNamesTheLine) {
  ASSERT_TRUE(import({kHeader, kUserLine, end_line(1)}));
  const std::string other = replaced(kUserLine, kAsha, "017f22e2-79b0-7cc3-98c4-dc0c0c073990");
  EXPECT_THAT(refusal({user_line(1), other}),
              AllOf(StartsWith("line 3: its phone_number belongs to another row"), HasSubstr(kAsha)));
  EXPECT_EQ(count("users"), 1) << "nothing of the batch is stored";
  const std::string second = replaced(user_line(2),
                                      "0000000"
                                      "10002",
                                      "0000000"
                                      "20002");
  EXPECT_THAT(refusal({user_line(2), second}), StartsWith("line 3: its phone_number is that of line 2 too"));
  ASSERT_TRUE(import({kHeader, kKeyLine, end_line(1)}));
  EXPECT_THAT(refusal({replaced(kKeyLine, "kid-1", "kid-2")}),
              StartsWith("line 2: its algorithm and generation belongs to another row of signing_keys"));
}

TEST_P(TransferTest, ATokenOfNobodyIsLeftOutAndCounted) {
  const auto count = import({kHeader, kTokenLine, kUserLine, kTokenLine, end_line(3)});
  ASSERT_TRUE(count) << count.error().detail;
  EXPECT_EQ(count->inserted, 2);
  EXPECT_EQ(count->without_parent, 1);
}

TEST_P(TransferTest, ALineThatIsWrongIsNamedWithWhatIsWrong) {
  const auto user = [](const char* what, const char* with) { return Lines{replaced(kUserLine, what, with)}; };
  EXPECT_EQ(refusal({"nonsense"}), "line 2: this is no JSON.");
  EXPECT_EQ(refusal({"[]"}), "line 2: this is no JSON object.");
  EXPECT_EQ(refusal({R"({"table":"pets","row":{}})"}), "line 2: it names no table that this kriya knows.");
  EXPECT_EQ(refusal({R"({"table":"schema_migrations","row":{}})"}), "line 2: it names no table that this kriya knows.");
  EXPECT_EQ(refusal({R"({"table":"users"})"}), "line 2: it holds no row.");
  EXPECT_EQ(refusal({R"({"table":"users","row":{}})"}), "line 2: users.id is missing.");
  EXPECT_EQ(refusal(user("first_name", "name")), "line 2: users.first_name is missing.");
  EXPECT_EQ(refusal(user("\"last_name\":null", "\"last_name\":null,\"x\":1")), "line 2: 'x' is no column of users.");
  EXPECT_EQ(refusal(user("017f", "x17f")), "line 2: users.id is not a UUID of 36 characters.");
  EXPECT_EQ(refusal(user("9007199254740993", "0.5")), "line 2: users.token_version is not a whole number of 64 bits.");
  EXPECT_EQ(refusal(user("9007199254740993", "18446744073709551615")),
            "line 2: users.token_version is not a whole number of 64 bits.");
  EXPECT_THAT(refusal(user("T09:30", " 09:30")), StartsWith("line 2: users.created_at is not a time like"));
  EXPECT_EQ(refusal(user("m@example.com", "m\\u0000")), "line 2: users.email is not text without NUL.");
  EXPECT_EQ(count("users"), 0);
}

TEST_P(TransferTest, AFileThatIsCutOrNoneIsNoticed) {
  const auto why = [&](const Lines& lines) {
    const auto done = import(lines);
    return done ? "imported" : done.error().detail;
  };
  EXPECT_EQ(why({}), "The file is empty.");
  EXPECT_EQ(why({kHeader, kUserLine}), "The file is cut off after line 2: its last line is missing.");
  EXPECT_THAT(why({kHeader, kUserLine, end_line(2)}), HasSubstr("the file has 1 rows, and its end tells of another"));
  EXPECT_THAT(why({kHeader, end_line(0), kUserLine}), HasSubstr("something follows the end"));
  EXPECT_EQ(why({kUserLine}), "line 1: this is no file of kriya export.");
  EXPECT_THAT(why({replaced(kHeader, "\"schema_version\":3", "\"schema_version\":4"), end_line(0)}),
              HasSubstr("schema version 4, newer than this kriya knows (3)"));
}

// ---- The description knows every table and column there is ----

using Columns = std::set<std::string>;  // "users.id"

Columns described() {
  Columns all;
  for (const TransferTable& table : transfer_tables()) {
    for (const TransferColumn& column : table.columns()) {
      all.insert(std::string(table.name()) + "." + column.name + (column.nullable ? "?" : ""));
    }
  }
  return all;
}

constexpr const char* kHint = "a migration brought a table or column: name it in src/storage/transfer_tables.cc";

TEST(TransferTables, HoldEveryColumnOfPostgresql) {
  const tests::TestDatabase database(Engine::postgres);
  Columns real;
  for (const auto& row :
       tests::run_sql(database.url(),
                      "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'YES' THEN '?' ELSE '' END "
                      "FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT IN "
                      "('schema_migrations', 'instances', 'locks')")) {
    real.insert(row[0]);
  }
  EXPECT_EQ(described(), real) << kHint;
}

TEST(TransferTables, HoldEveryColumnOfSqlite) {
  const tests::TestDatabase database(Engine::sqlite);
  const auto connection = sqlite::Connection::open(database.file(), sqlite::Connection::Mode::look).value();
  const auto rows = connection->run(
      {Use::scan,
       "SELECT t.name || '.' || c.name || CASE WHEN c.\"notnull\" THEN '' ELSE '?' END FROM sqlite_master t, "
       "pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT IN ('schema_migrations', 'instances', "
       "'locks') "
       "AND t.name NOT LIKE 'sqlite_%'"},
      {});
  Columns real;
  for (std::size_t i = 0; i < rows->size(); ++i) real.insert(rows->get<std::string>(i, 0));
  EXPECT_EQ(described(), real) << kHint;
}

}  // namespace
}  // namespace kriya::storage
