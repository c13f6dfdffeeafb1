#include "config/generated_secrets.h"

#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/load.h"
#include "config/secret_strength.h"
#include "tests/support/temporary_folder.h"

namespace kriya::config {

using tests::TemporaryFolder;

namespace {

namespace fs = std::filesystem;

class GeneratedSecretsTest : public testing::Test {
 protected:
  Settings settings(VariableMap given = {}) const {
    given["DATA_DIR"] = data_dir().string();
    return load(given).value();
  }
  fs::path data_dir() const { return folder_.path() / "data"; }

  static mode_t mode_of(const fs::path& path) {
    struct stat status{};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }
  static std::string content(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  /// Puts a file where a secret is looked for.
  fs::path place(const std::string& name, std::string_view text, mode_t mode = 0600) const {
    fs::create_directories(data_dir());
    std::ofstream(data_dir() / name) << text;
    chmod((data_dir() / name).c_str(), mode);
    return data_dir() / name;
  }

  TemporaryFolder folder_;
};

TEST_F(GeneratedSecretsTest, MakesStrongSecretsThatOnlyTheOwnerCanRead) {
  Settings made = settings();
  const auto generated = fill_missing_secrets(made);
  ASSERT_TRUE(generated);
  EXPECT_GE(made.jwt_secret.size(), 64U);
  ASSERT_EQ(made.plane_api_keys.size(), 1U);
  EXPECT_GE(made.plane_api_keys[0].size(), 43U);
  EXPECT_FALSE(weakness_of(made.jwt_secret));
  EXPECT_EQ(generated->jwt_secret_file, data_dir() / "jwt_secret");
  EXPECT_EQ(generated->plane_api_key_file, data_dir() / "plane_api_key");
  EXPECT_EQ(content(generated->plane_api_key_file), std::string(made.plane_api_keys[0].reveal()) + "\n");
  EXPECT_EQ(mode_of(data_dir()), 0700U);
  EXPECT_EQ(mode_of(generated->jwt_secret_file), 0600U);
  EXPECT_EQ(mode_of(generated->plane_api_key_file), 0600U);
}

TEST_F(GeneratedSecretsTest, KnowsWithoutMakingAnyWhetherAllAreThere) {
  EXPECT_FALSE(secrets_are_there(settings()));
  EXPECT_FALSE(fs::exists(data_dir()));
  place("plane_api_key", "a-key-from-before");
  EXPECT_FALSE(secrets_are_there(settings()));
  Settings half = settings();
  half.jwt_secret = Secret(std::string(40, 'x'));
  EXPECT_TRUE(secrets_are_there(half));
  place("jwt_secret", "a-secret-from-before");
  EXPECT_TRUE(secrets_are_there(settings()));
}

TEST_F(GeneratedSecretsTest, LeavesNothingElseBehind) {
  Settings made = settings();
  ASSERT_TRUE(fill_missing_secrets(made));
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(data_dir())) names.insert(entry.path().filename().string());
  EXPECT_EQ(names, (std::set<std::string>{"jwt_secret", "plane_api_key"}));
}

TEST_F(GeneratedSecretsTest, MakesThemOnce) {
  Settings first = settings();
  Settings second = settings();
  ASSERT_TRUE(fill_missing_secrets(first));
  ASSERT_TRUE(fill_missing_secrets(second));
  EXPECT_EQ(first.jwt_secret.reveal(), second.jwt_secret.reveal());
  EXPECT_EQ(first.plane_api_keys[0].reveal(), second.plane_api_keys[0].reveal());
}

TEST_F(GeneratedSecretsTest, KeepsWhatTheConfigurationGives) {
  const std::string secret = "q1tLGBjpBC1L0eN2SbZxTnFJ5dPwIfCkxvYhAoUmRsE";
  Settings given = settings({{"JWT_SECRET_KEY", secret}, {"PLANE_API_KEY", "a-key"}});
  const auto generated = fill_missing_secrets(given);
  ASSERT_TRUE(generated);
  EXPECT_EQ(given.jwt_secret.reveal(), secret);
  EXPECT_EQ(given.plane_api_keys[0].reveal(), "a-key");
  EXPECT_TRUE(generated->jwt_secret_file.empty());
  EXPECT_TRUE(generated->plane_api_key_file.empty());
  EXPECT_FALSE(fs::exists(data_dir()));
}

TEST_F(GeneratedSecretsTest, ProductionMakesNothing) {
  Settings empty = settings();
  empty.environment = Environment::production;
  ASSERT_TRUE(fill_missing_secrets(empty));
  EXPECT_TRUE(empty.jwt_secret.empty());
  EXPECT_FALSE(fs::exists(data_dir()));
}

TEST_F(GeneratedSecretsTest, TheMasterKeyFollowsTheJwtSecretUnlessSetApart) {
  Settings made = settings();
  ASSERT_TRUE(fill_missing_secrets(made));
  EXPECT_EQ(made.master_key.reveal(), made.jwt_secret.reveal());

  const std::string apart = "Zk4uW8yQe6rT2aXsDf0gHj5lMn7bVc3pLoIuYtReWqA";
  Settings set_apart = settings({{"MASTER_KEY", apart}});
  ASSERT_TRUE(fill_missing_secrets(set_apart));
  EXPECT_EQ(set_apart.master_key.reveal(), apart);
}

TEST_F(GeneratedSecretsTest, ClosesAFileThatOthersCouldRead) {
  const auto file = place("jwt_secret", std::string(43, 'x') + "\n", 0644);
  Settings made = settings();
  const auto generated = fill_missing_secrets(made);
  ASSERT_TRUE(generated);
  EXPECT_EQ(mode_of(file), 0600U);
  EXPECT_EQ(made.jwt_secret.reveal(), std::string(43, 'x'));
  EXPECT_TRUE(generated->warnings.empty());
}

TEST_F(GeneratedSecretsTest, RefusesAFileWithoutAUsableSecret) {
  const auto jwt_secret = place("jwt_secret", "short\n");
  Settings made = settings();
  auto generated = fill_missing_secrets(made);
  ASSERT_FALSE(generated);
  EXPECT_EQ(generated.error().line(), jwt_secret.string() +
                                          ": holds a secret of 5 bytes; allowed: at least 32 bytes; "
                                          "delete the file and a new one is made");
  fs::remove(jwt_secret);
  place("plane_api_key", "two words and some more\n");
  generated = fill_missing_secrets(made);
  ASSERT_FALSE(generated);
  EXPECT_EQ(generated.error().where, (data_dir() / "plane_api_key").string());
}

TEST_F(GeneratedSecretsTest, RefusesAnEmptyFileAndWhatIsNoFile) {
  place("jwt_secret", "");
  Settings made = settings();
  EXPECT_FALSE(fill_missing_secrets(made));
  fs::remove(data_dir() / "jwt_secret");
  fs::create_directory(data_dir() / "jwt_secret");
  EXPECT_FALSE(fill_missing_secrets(made));
  fs::remove(data_dir() / "jwt_secret");
  ASSERT_EQ(mkfifo((data_dir() / "jwt_secret").c_str(), 0600), 0);
  EXPECT_FALSE(fill_missing_secrets(made));
}

TEST_F(GeneratedSecretsTest, SaysWhenTheFolderCannotBeMadeOrWritten) {
  folder_.write("data", "a file stands in the way");
  Settings made = settings();
  auto generated = fill_missing_secrets(made);
  ASSERT_FALSE(generated);
  EXPECT_EQ(generated.error().line(), data_dir().string() + ": is not a folder (DATA_DIR)");
  made.data_dir = data_dir() / "below";
  generated = fill_missing_secrets(made);
  ASSERT_FALSE(generated);
  EXPECT_TRUE(generated.error().message.starts_with("cannot be made (DATA_DIR): "));
  if (geteuid() == 0) return;  // root may write anywhere
  fs::remove(data_dir());
  fs::create_directory(data_dir());
  chmod(data_dir().c_str(), 0500);
  made = settings();
  generated = fill_missing_secrets(made);
  ASSERT_FALSE(generated);
  EXPECT_TRUE(generated.error().message.starts_with("cannot be written: "));
}

TEST_F(GeneratedSecretsTest, MakesTheFolderPrivateEvenWithATrailingSlashAndMissingParents) {
  const auto folder = folder_.path() / "a" / "b" / "";
  ASSERT_TRUE(make_data_folder(folder));
  EXPECT_EQ(mode_of(folder), 0700U);
  chmod(folder.c_str(), 0750);
  ASSERT_TRUE(make_data_folder(folder));
  EXPECT_EQ(mode_of(folder), 0750U) << "a folder that is there is left as it is";
}

TEST_F(GeneratedSecretsTest, ProcessesThatStartAtOnceAgree) {
  constexpr int kProcesses = 8;
  int results[2];
  int start[2];
  ASSERT_EQ(pipe(results), 0);
  ASSERT_EQ(pipe(start), 0);
  for (int i = 0; i < kProcesses; ++i) {
    if (fork() != 0) continue;
    char go = 0;
    close(start[1]);
    if (read(start[0], &go, 1) != 0) _exit(1);  // returns 0 for all of them at once, when the parent closes its end
    Settings made = settings();
    const auto generated = fill_missing_secrets(made);
    const std::string secret = generated ? std::string(made.jwt_secret.reveal()) : std::string(86, '?');
    _exit(write(results[1], secret.data(), secret.size()) == static_cast<ssize_t>(secret.size()) ? 0 : 1);
  }
  close(start[0]);
  close(start[1]);
  close(results[1]);
  for (int i = 0; i < kProcesses; ++i) {
    int status = 0;
    ASSERT_GT(wait(&status), 0);
    EXPECT_EQ(status, 0);
  }
  std::set<std::string> secrets;
  std::string secret(86, '\0');
  while (read(results[0], secret.data(), secret.size()) == 86) secrets.insert(secret);
  close(results[0]);
  ASSERT_EQ(secrets.size(), 1U);
  EXPECT_EQ(*secrets.begin() + "\n", content(data_dir() / "jwt_secret"));
}

}  // namespace
}  // namespace kriya::config
