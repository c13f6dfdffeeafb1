#include "config/environment.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temporary_folder.h"

namespace kriya::config {

using tests::TemporaryFolder;

namespace {

/// Sets an environment variable for as long as it lives.
class ScopedVariable {
 public:
  ScopedVariable(std::string name, const std::string& value) : name_(std::move(name)) {
    setenv(name_.c_str(), value.c_str(), 1);
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;
  ~ScopedVariable() { unsetenv(name_.c_str()); }

 private:
  std::string name_;
};

class EnvironmentTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"PORT", "HOST", "DEBUG", "JWT_SECRET_KEY"}) unsetenv(name);
  }
  TemporaryFolder folder_;
};

TEST_F(EnvironmentTest, AnAbsentFileIsNoProblem) {
  const auto given = read_environment(folder_.path() / ".env");
  ASSERT_TRUE(given);
  EXPECT_FALSE(given->values.contains("PORT"));
  EXPECT_TRUE(given->warnings.empty());
}

TEST_F(EnvironmentTest, TheEnvironmentWinsOverTheFile) {
  const auto file = folder_.write(".env", "PORT=1\nHOST=::1\n");
  const ScopedVariable port("PORT", "2");
  const auto given = read_environment(file);
  ASSERT_TRUE(given);
  EXPECT_EQ(given->values.at("PORT"), "2");
  EXPECT_EQ(given->values.at("HOST"), "::1");
}

TEST_F(EnvironmentTest, AnEmptyVariableWinsToo) {
  const auto file = folder_.write(".env", "PORT=1\n");
  const ScopedVariable port("PORT", "");
  EXPECT_EQ(read_environment(file)->values.at("PORT"), "");
}

TEST_F(EnvironmentTest, TakesOnlyNamesOfTheTableFromTheEnvironment) {
  const ScopedVariable other("KRIYA_TEST_UNRELATED", "x");
  EXPECT_FALSE(read_environment(folder_.path() / ".env")->values.contains("KRIYA_TEST_UNRELATED"));
}

TEST_F(EnvironmentTest, NamesTheFileAndTheLineOfAProblem) {
  const auto file = folder_.write(".env", "PORT=1\nhunter2\n");
  const auto given = read_environment(file);
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().at(0).line(), file.string() + " line 2: expected = after the name");
}

TEST_F(EnvironmentTest, AFileThatCannotBeReadIsAProblem) {
  const auto unreadable = [&](const std::filesystem::path& path) {
    const auto given = read_environment(path);
    return !given && given.error().at(0).line().starts_with(path.string() + ": cannot be read: ");
  };
  EXPECT_TRUE(unreadable(folder_.path()));
  const auto pipe = folder_.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(unreadable(pipe));
  EXPECT_TRUE(unreadable(folder_.write("large", std::string((1 << 20) + 1, '#'))));
  const auto closed = folder_.write("closed", "PORT=1\n");
  ASSERT_EQ(chmod(closed.c_str(), 0), 0);
  if (geteuid() != 0) EXPECT_TRUE(unreadable(closed));
}

TEST_F(EnvironmentTest, WarnsOfMisspeltNamesInTheFile) {
  const auto file = folder_.write(".env", "JWT_SECRET=hunter2\nPOSTGRES_PASSWORD=x\n");
  const auto given = read_environment(file);
  ASSERT_TRUE(given);
  ASSERT_EQ(given->warnings.size(), 1U);
  EXPECT_EQ(given->warnings[0], file.string() +
                                    ": JWT_SECRET is not a variable of Kriya and is ignored; did you mean "
                                    "JWT_SECRET_KEY?");
}

std::string meant(const std::string& name) {
  const auto warnings = misspelling_warnings({{name, "x"}});
  if (warnings.empty()) return "";
  const std::string& line = warnings.front();
  const std::size_t start = line.find("did you mean ") + 13;
  return line.substr(start, line.size() - start - 1);
}

TEST(Misspelling, FindsTheNameThatWasMeant) {
  EXPECT_EQ(meant("JWT_SECRET"), "JWT_SECRET_KEY");
  EXPECT_EQ(meant("JWT_SECERT_KEY"), "JWT_SECRET_KEY");
  EXPECT_EQ(meant("PLANE_API_KEYS"), "PLANE_API_KEY");
  EXPECT_EQ(meant("ALOWED_ORIGIN"), "ALLOWED_ORIGINS");
  EXPECT_EQ(meant("DATABASE_URI"), "DATABASE_URL");
  EXPECT_EQ(meant("database_url"), "DATABASE_URL");
  EXPECT_EQ(meant("REGISTRATION_API_KEY"), "REGISTRATION_API_KEYS");
  EXPECT_EQ(meant("PROT"), "");  // two errors in a short name are another name
  EXPECT_EQ(meant("DEBGU"), "");
  EXPECT_EQ(meant("DEBU"), "DEBUG");
  EXPECT_EQ(meant("REDIS"), "REDIS_URL");
}

TEST(Misspelling, LeavesForeignNamesAlone) {
  for (const char* name : {"PATH", "HOME", "POSTGRES_PASSWORD", "KRIYA_BACKEND_URL", "PORTAINER_URL", "DEBUG_TOOLBAR",
                           "J", "COMPOSE_PROJECT_NAME", "AWS_SECRET_ACCESS_KEY", "TZ"}) {
    EXPECT_EQ(meant(name), "") << name;
  }
  EXPECT_EQ(meant(std::string(100000, 'A')), "");
}

TEST(Misspelling, SaysNothingAboutRightNames) {
  EXPECT_TRUE(misspelling_warnings({{"HOST", "x"}, {"PORT", "x"}, {"LOG_DIR", "x"}, {"LOG_FILE", "x"}}).empty());
}

}  // namespace
}  // namespace kriya::config
