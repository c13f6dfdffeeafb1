#include "storage/postgres/failure.h"

#include <gtest/gtest.h>

namespace kriya::storage::postgres {
namespace {

struct Case {
  const char* sqlstate;
  Errc code;
  bool worth_repeating = false;
  bool stale_connection = false;
};

class PostgresFailureTest : public ::testing::TestWithParam<Case> {};

TEST_P(PostgresFailureTest, MeansForUs) {
  const Failure failure = describe_failure(GetParam().sqlstate, "words of the server");
  EXPECT_EQ(failure.error.code, GetParam().code);
  EXPECT_EQ(failure.worth_repeating, GetParam().worth_repeating);
  EXPECT_EQ(failure.stale_connection, GetParam().stale_connection);
  // A conflict may reach a client: the server's words name tables and values.
  const bool told = failure.error.detail.find("words of the server") != std::string::npos;
  EXPECT_EQ(told, GetParam().code != Errc::conflict);
}

INSTANTIATE_TEST_SUITE_P(SqlStates, PostgresFailureTest,
                         ::testing::Values(Case{"23505", Errc::conflict},                  // unique_violation
                                           Case{"23503", Errc::conflict},                  // foreign_key_violation
                                           Case{"40001", Errc::unavailable, true},         // serialization_failure
                                           Case{"40P01", Errc::unavailable, true},         // deadlock_detected
                                           Case{"57014", Errc::unavailable},               // query_canceled
                                           Case{"57P01", Errc::unavailable},               // admin_shutdown
                                           Case{"53300", Errc::unavailable},               // too_many_connections
                                           Case{"53100", Errc::unavailable},               // disk_full
                                           Case{"08006", Errc::unavailable},               // connection_failure
                                           Case{"25006", Errc::unavailable},               // read_only_sql_transaction
                                           Case{"42501", Errc::unavailable},               // insufficient_privilege
                                           Case{"55P03", Errc::unavailable},               // lock_not_available
                                           Case{"26000", Errc::unavailable, false, true},  // no such prepared statement
                                           Case{"42P01", Errc::internal},                  // undefined_table
                                           Case{"22P02", Errc::internal}),  // invalid_text_representation
                         [](const auto& info) { return std::string("State") + info.param.sqlstate; });

TEST(PostgresFailure, RepeatsAStatementWhoseTablesChanged) {
  const Failure failure = describe_failure("0A000", "cached plan must not change result type");
  EXPECT_TRUE(failure.worth_repeating);
  EXPECT_TRUE(failure.stale_connection);
  EXPECT_FALSE(describe_failure("0A000", "some other feature is not supported").worth_repeating);
}

TEST(PostgresFailure, BringsTheServersWordsToOneLine) {
  EXPECT_EQ(one_line("FATAL:  sorry,\n\ttoo many clients already\n"), "FATAL: sorry, too many clients already");
}

}  // namespace
}  // namespace kriya::storage::postgres
