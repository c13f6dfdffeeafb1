#include "storage/postgres/blocking_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/postgres_server.h"

namespace kriya::storage::postgres {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class BlockingConnectionTest : public ::testing::Test {
 protected:
  std::unique_ptr<BlockingConnection> open() { return BlockingConnection::open(Secret(database_.url())).value(); }
  static std::string cause(const std::string& url) {
    const auto opened = BlockingConnection::open(Secret(url));
    if (opened) return "connected";
    EXPECT_EQ(opened.error().code, Errc::unavailable);
    return opened.error().detail;
  }
  static Errc code(const Result<void>& done) { return done ? Errc::internal : done.error().code; }

  tests::PostgresDatabase database_;
};

TEST_F(BlockingConnectionTest, GivesRowsWithNullsAndTakesValues) {
  const auto rows = open()->query("SELECT $1::text, NULL, $2::int + 1", {"O'Neill \"Łukasz\"", "41"});
  ASSERT_TRUE(rows) << rows.error().detail;
  EXPECT_THAT(*rows, ElementsAre(ElementsAre("O'Neill \"Łukasz\"", std::nullopt, "42")));
}

TEST_F(BlockingConnectionTest, SaysWhoItIsAndSpeaksUtf8UnlessTheUrlSaysOtherwise) {
  EXPECT_EQ(open()->query("SELECT current_setting('application_name')").value()[0][0], "kriya");
  const Secret named(database_.url() + "?application_name=mine&client_encoding=LATIN1");
  const auto other = BlockingConnection::open(named).value();
  EXPECT_THAT(other->query("SELECT current_setting('application_name'), current_setting('client_encoding')").value(),
              ElementsAre(ElementsAre("mine", "UTF8")));
}

TEST_F(BlockingConnectionTest, TakesTheFirstOfSeveralHostsThatAnswers) {
  const std::string& url = database_.url();
  const std::size_t at = url.find('@') + 1;
  EXPECT_EQ(cause(url.substr(0, at) + "127.0.0.1:1," + url.substr(at)), "connected");
}

TEST_F(BlockingConnectionTest, TellsWhereItFailedAndWhyButNoPassword) {
  EXPECT_THAT(cause("postgresql://me:hunter2@127.0.0.1:1/shop"),
              AllOf(StartsWith("PostgreSQL at 127.0.0.1 port 1, database shop: Connection refused"),
                    Not(HasSubstr("hunter2")), Not(HasSubstr("\n"))));
  EXPECT_THAT(cause("postgresql://me:hunter2@127.0.0.1:1,localhost:2/shop"),
              AllOf(HasSubstr("127.0.0.1,localhost port 1,2"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(cause("postgresql:///shop?host=/nowhere&password=hunter2"),
              AllOf(HasSubstr("/nowhere"), HasSubstr("No such file"), Not(HasSubstr("hunter2"))));
  const std::string& url = database_.url();
  EXPECT_THAT(cause(url.substr(0, url.rfind('/')) + "/nothing"), HasSubstr("database \"nothing\" does not exist"));
}

TEST_F(BlockingConnectionTest, AUrlThatLibpqCannotReadIsNotShown) {
  for (const char* url :
       {"postgresql://me:hunter2@[::1/shop", "postgresql://me:hunter2%zz@h/shop", "postgresql://me:hunter2/x@h/shop",
        "postgresql://me:p@h/shop?password=hunter2=x", "postgresql://me:p@h:hunter2/shop", "hunter2",
        "postgresql://me:p@h/shop?hunter2=1", "postgresql://h/shop?sslmode=hunter2"}) {
    EXPECT_THAT(cause(url), Not(HasSubstr("hunter2"))) << url;
    EXPECT_GT(cause(url).size(), 20U);
  }
}

TEST_F(BlockingConnectionTest, TellsAConstraintFromAServerThatCannotAndASlip) {
  const auto connection = open();
  ASSERT_TRUE(connection->execute("CREATE TABLE things (id int PRIMARY KEY); INSERT INTO things VALUES (1)"));
  EXPECT_EQ(code(connection->execute("INSERT INTO things VALUES (1)")), Errc::conflict);
  EXPECT_EQ(code(connection->execute("DO $$ BEGIN RAISE EXCEPTION 'No.'; END $$")), Errc::conflict);
  EXPECT_EQ(code(connection->execute("SET default_transaction_read_only = on; COMMIT; INSERT INTO things VALUES (2)")),
            Errc::unavailable);
  EXPECT_EQ(code(connection->execute("SELEC 1")), Errc::internal);
  const auto gone = connection->execute("SELECT pg_terminate_backend(pg_backend_pid())");
  EXPECT_EQ(code(gone), Errc::unavailable);
  EXPECT_EQ(code(connection->execute("SELECT 1")), Errc::unavailable) << "and it does not come back by itself";
}

}  // namespace
}  // namespace kriya::storage::postgres
