#include "storage/postgres/wire.h"

#include <memory>

#include <gtest/gtest.h>

namespace kriya::storage::postgres {
namespace {

constexpr Oid kInt8 = 20;
constexpr Oid kNumeric = 1700;
constexpr Oid kTimestamptz = 1184;
constexpr Oid kJsonb = 3802;

using ResultHandle = std::unique_ptr<PGresult, decltype(&PQclear)>;

ResultHandle one_cell(Oid type, std::string bytes) {
  ResultHandle result(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK), PQclear);
  std::string name = "column";
  PGresAttDesc column{name.data(), 0, 0, 1, type, 0, 0};
  PQsetResultAttrs(result.get(), 1, &column);
  PQsetvalue(result.get(), 0, 0, bytes.data(), static_cast<int>(bytes.size()));
  return result;
}

TEST(PostgresWire, GivesAStatementOneSignatureForEachSetOfTypes) {
  EXPECT_EQ(Parameters({Uuid(), std::int64_t{1}, std::string("x"), true, Timestamp{}, {}}).signature(), "uitbz-");
  EXPECT_EQ(Parameters({std::vector<Uuid>{}, std::vector<std::string>{"a"}}).signature(), "UT");
}

TEST(PostgresWire, WritesNumbersInNetworkOrder) {
  const Parameters parameters({std::int64_t{-2}});
  ASSERT_EQ(parameters.lengths()[0], 8);
  EXPECT_EQ(std::string(parameters.values()[0], 8), "\xff\xff\xff\xff\xff\xff\xff\xfe");
}

TEST(PostgresWire, ReadsTimesSince2000) {
  const auto rows = read_rows(*one_cell(kTimestamptz, std::string(8, '\0')));
  ASSERT_TRUE(rows);
  EXPECT_EQ(to_rfc3339(rows->get<Timestamp>(0, 0)), "2000-01-01T00:00:00Z");
}

TEST(PostgresWire, ReadsAnInfiniteTimeAsTheLastOne) {
  const auto rows = read_rows(*one_cell(kTimestamptz, "\x7f\xff\xff\xff\xff\xff\xff\xff"));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->get<Timestamp>(0, 0).micros, std::numeric_limits<std::int64_t>::max());
}

TEST(PostgresWire, ReadsJsonbWithoutItsVersionByte) {
  const auto rows = read_rows(*one_cell(kJsonb, "\x01{}"));
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->get<std::string>(0, 0), "{}");
}

TEST(PostgresWire, RefusesAValueCutShort) {
  const auto rows = read_rows(*one_cell(kInt8, "1234567"));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Errc::internal);
}

TEST(PostgresWire, RefusesATypeThatNothingOfOursHas) {
  const auto rows = read_rows(*one_cell(kNumeric, "12345678"));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Errc::internal);
}

}  // namespace
}  // namespace kriya::storage::postgres
