#include "cli/agent_account.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/io_threads.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/temporary_folder.h"

namespace kriya::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kUrl = "http://localhost:8001";

class AgentAccountTest : public testing::Test {
 protected:
  Result<Secret> sign_in(std::string phone = {}, std::string refused = {}) {
    SignIn sign_in(
        http_, kept_, clock_,
        [this](const std::string& question) -> std::optional<std::string> {
          asked_.push_back(question);
          if (answers_.empty()) return std::nullopt;
          std::string answer = answers_.front();
          answers_.erase(answers_.begin());
          return answer;
        },
        [this](const std::string& words) { said_.push_back(words); },
        {.url = kUrl, .phone = std::move(phone), .is_local = true});
    return run_to_completion(refused.empty() ? sign_in.token() : sign_in.token_instead_of(Secret(std::move(refused))));
  }

  std::string signed_in(std::string token) const {
    return R"({"success":true,"token":")" + token + R"(","refresh_token":"r-)" + token + R"(","expires_at":")" +
           to_rfc3339(clock_.now() + std::chrono::hours(24)) + R"("})";
  }

  tests::TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "agent.json";
  KeptSignIns kept_{file_};
  SystemClock clock_;
  tests::FakeHttpClient http_;
  std::vector<std::string> answers_;
  std::vector<std::string> asked_;
  std::vector<std::string> said_;
};

TEST_F(AgentAccountTest, AKeptSignInAsksNothing) {
  ASSERT_TRUE(kept_.keep(kUrl, KeptSignIn{Secret("t1"), Secret("r1"), clock_.now() + std::chrono::hours(1)}));
  EXPECT_EQ(sign_in()->reveal(), "t1");
  EXPECT_TRUE(http_.requests.empty());
}

TEST_F(AgentAccountTest, IsReadableByItsOwnerAlone) {
  std::ofstream(file_) << "{}";
  std::filesystem::permissions(file_, std::filesystem::perms(0644));
  ASSERT_TRUE(kept_.keep(kUrl, KeptSignIn{Secret("t1"), Secret("r1"), clock_.now()}));
  EXPECT_EQ(std::filesystem::status(file_).permissions(), std::filesystem::perms(0600));
}

TEST_F(AgentAccountTest, WithoutAFolderOfThePersonsNothingIsKept) {
  const KeptSignIns nowhere{std::filesystem::path()};
  ASSERT_TRUE(nowhere.keep(kUrl, KeptSignIn{Secret("t1"), Secret("r1"), clock_.now() + std::chrono::hours(1)}));
  EXPECT_FALSE(nowhere.find(kUrl));
  EXPECT_FALSE(std::filesystem::exists(".new"));
}

TEST_F(AgentAccountTest, KeepsEachServerApart) {
  ASSERT_TRUE(kept_.keep("http://other", KeptSignIn{Secret("t2"), Secret("r2"), clock_.now()}));
  EXPECT_FALSE(kept_.find(kUrl));
  EXPECT_EQ(kept_.find("http://other")->token.reveal(), "t2");
}

TEST_F(AgentAccountTest, RenewsAnOldSignIn) {
  ASSERT_TRUE(kept_.keep(kUrl, KeptSignIn{Secret("t1"), Secret("r1"), clock_.now()}));
  http_.answer(200, signed_in("t2"));
  EXPECT_EQ(sign_in()->reveal(), "t2");
  EXPECT_EQ(http_.requests.front().url, "http://localhost:8001/api/auth/refresh");
  EXPECT_EQ(kept_.find(kUrl)->refresh_token.reveal(), "r-t2");
}

TEST_F(AgentAccountTest, AsksAgainWhenTheSignInIsOver) {
  ASSERT_TRUE(kept_.keep(kUrl, KeptSignIn{Secret("t1"), Secret("r1"), clock_.now()}));
  http_.answer(401, "{}");
  EXPECT_EQ(sign_in().error().code, Errc::missing_token);
  EXPECT_EQ(asked_.size(), 1U);
  EXPECT_FALSE(kept_.find(kUrl));
}

TEST_F(AgentAccountTest, RenewsAKeptTokenThatTheServerDoesNotTake) {
  ASSERT_TRUE(kept_.keep(kUrl, KeptSignIn{Secret("t1"), Secret("r1"), clock_.now() + std::chrono::hours(1)}));
  http_.answer(200, signed_in("t2"));
  EXPECT_EQ(sign_in({}, "t1")->reveal(), "t2");
  EXPECT_EQ(http_.requests.front().body, R"({"refresh_token":"r1"})");
  EXPECT_EQ(kept_.find(kUrl)->token.reveal(), "t2");
}

TEST_F(AgentAccountTest, ForgetsASignInThatWasEndedElsewhereAndAsksForThePhone) {
  ASSERT_TRUE(kept_.keep(kUrl, KeptSignIn{Secret("t1"), Secret("r1"), clock_.now() + std::chrono::hours(1)}));
  http_.answer(401, "{}");
  const auto token = sign_in({}, "t1");
  EXPECT_EQ(token.error().code, Errc::missing_token);
  EXPECT_THAT(token.error().detail, HasSubstr("--phone"));
  EXPECT_THAT(said_, ElementsAre("The last sign-in is over."));
  EXPECT_THAT(asked_, ElementsAre(StartsWith("Phone number")));
  EXPECT_FALSE(kept_.find(kUrl));
}

TEST_F(AgentAccountTest, ForgetsARefusedTokenThatNothingCanRenew) {
  ASSERT_TRUE(kept_.keep(kUrl, KeptSignIn{Secret("t1"), Secret(), clock_.now() + std::chrono::hours(1)}));
  EXPECT_FALSE(sign_in({}, "t1"));
  EXPECT_THAT(http_.requests, IsEmpty());
  EXPECT_THAT(said_, ElementsAre("The last sign-in is over."));
  EXPECT_FALSE(kept_.find(kUrl));
}

TEST_F(AgentAccountTest, TakesWhatAnotherProgramHasKeptSinceTheTokenWasRefused) {
  ASSERT_TRUE(kept_.keep(kUrl, KeptSignIn{Secret("t2"), Secret("r2"), clock_.now() + std::chrono::hours(1)}));
  EXPECT_EQ(sign_in({}, "t1")->reveal(), "t2");
  EXPECT_THAT(http_.requests, IsEmpty());
}

TEST_F(AgentAccountTest, AsksForThePhoneAgainBeforeTheNameWhenItIsNone) {
  answers_ = {"abc", "+14155550100", "Asha"};
  http_.answer(200, signed_in("t1"));
  EXPECT_EQ(sign_in()->reveal(), "t1");
  EXPECT_THAT(asked_, ElementsAre(StartsWith("Phone number"), StartsWith("The phone number must be"),
                                  StartsWith("First name")));
  EXPECT_THAT(said_, IsEmpty());
}

TEST_F(AgentAccountTest, AsksForThePhoneAgainWhenTheServerDoesNotTakeIt) {
  answers_ = {"+14155550100", "Asha", "+14155550101"};
  http_.answer(422, R"({"detail":"A field is not acceptable: phone_number belongs to a country without codes.",)"
                    R"("errors":[{"field":"phone_number","message":"belongs to a country without codes"}]})");
  http_.answer(200, signed_in("t1"));
  EXPECT_EQ(sign_in()->reveal(), "t1");
  EXPECT_EQ(asked_.back().find("A field is not acceptable: phone_number belongs to a country without codes.\nPhone "),
            0U)
      << asked_.back();
  EXPECT_EQ(http_.requests.back().body, R"({"phone_number":"+14155550101","first_name":"Asha"})");
}

TEST_F(AgentAccountTest, AsksForTheNameAgainWhenTheServerDoesNotTakeIt) {
  answers_ = {"+14155550100", "x", "Asha"};
  http_.answer(422, R"({"detail":"No.","errors":[{"field":"first_name","message":"is too short"}]})");
  http_.answer(200, signed_in("t1"));
  EXPECT_EQ(sign_in()->reveal(), "t1");
  EXPECT_THAT(asked_.back(), StartsWith("No. first_name is too short\nFirst name"));
}

TEST_F(AgentAccountTest, GivesUpAfterThreeNumbersThatAreNone) {
  answers_ = {"abc", "12", "x", "+14155550100"};
  EXPECT_THAT(sign_in().error().detail, StartsWith("The phone number must be"));
  EXPECT_EQ(asked_.size(), 3U);
  EXPECT_THAT(said_, IsEmpty());
  EXPECT_THAT(http_.requests, IsEmpty());
}

TEST_F(AgentAccountTest, ANumberThatIsNoneIsTheErrorWhereNobodyCanBeAsked) {
  EXPECT_THAT(sign_in("abc").error().detail, StartsWith("The phone number must be"));
  EXPECT_THAT(http_.requests, IsEmpty());
}

TEST_F(AgentAccountTest, KeepsTheSignInWhenTheServerIsAway) {
  ASSERT_TRUE(kept_.keep(kUrl, KeptSignIn{Secret("t1"), Secret("r1"), clock_.now()}));
  http_.fail(false);
  EXPECT_EQ(sign_in().error().code, Errc::unavailable);
  EXPECT_TRUE(kept_.find(kUrl));
}

TEST_F(AgentAccountTest, TakesAWrongCodeForAnotherTry) {
  answers_ = {"Asha", "000000", "123456"};
  http_.answer(202, R"({"verification":{"id":"v1","phone_number":"+1••••0100"}})");
  http_.answer(401, R"({"detail":"Wrong code.","attempts_left":4})");
  http_.answer(200, signed_in("t1"));
  EXPECT_EQ(sign_in("+14155550100")->reveal(), "t1");
  EXPECT_EQ(http_.requests.back().body, R"({"verification_id":"v1","code":"123456"})");
}

TEST_F(AgentAccountTest, GivesUpWhenNoTryIsLeft) {
  answers_ = {"Asha", "000000", "123456"};
  http_.answer(202, R"({"verification":{"id":"v1","phone_number":"+1••••0100"}})");
  http_.answer(401, R"({"detail":"Wrong code.","attempts_left":0})");
  EXPECT_EQ(sign_in("+14155550100").error().detail, "Wrong code.");
}

TEST_F(AgentAccountTest, TakesTheDemoIdentityForNoNumberAndDoesNotKeepIt) {
  answers_ = {""};
  http_.answer(200, R"({"access_token":"demo","token_type":"Bearer","expires_in":3600})");
  EXPECT_EQ(sign_in()->reveal(), "demo");
  EXPECT_EQ(http_.requests.front().url, "http://localhost:8001/auth/token");
  EXPECT_EQ(http_.requests.front().body, "");
  EXPECT_FALSE(kept_.find(kUrl));
}

}  // namespace
}  // namespace kriya::cli
