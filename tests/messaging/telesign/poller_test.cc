#include "messaging/telesign/poller.h"

#include <gtest/gtest.h>

#include "runtime/io_threads.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_http_client.h"
#include "tests/support/telesign_vectors.h"

namespace kriya::messaging::telesign {
namespace {

using namespace std::chrono_literals;

class TelesignPollerTest : public testing::Test {
 protected:
  static Options options() {
    Options result;
    result.credentials = tests::telesign_credentials();
    result.messages_per_second = 1'000;
    return result;
  }
  Result<StatusReport> poll(Channel channel) {
    TelesignPoller poller(api);
    return run_to_completion(poller.poll("ABCD", channel, Deadline::after(5s)));
  }
  std::string last_url() const { return client.requests.back().url; }

  tests::FakeHttpClient client;
  tests::FakeClock clock;
  TelesignApi api{client, clock, options()};
};

TEST_F(TelesignPollerTest, AsksWhereTheMessageWasSent) {
  client.answer(200, R"({"reference_id":"ABCD","status":{"code":200},"external_id":null})");
  EXPECT_EQ(poll(Channel::sms)->status, Status::delivered);
  EXPECT_EQ(last_url(), "https://rest-api.telesign.com/v1/messaging/ABCD");
  client.answer(200, R"({"reference_id":"ABCD","status":{"code":3005,"last_channel":"whatsapp"},"price":"0.02"})");
  EXPECT_EQ(poll(Channel::whatsapp)->cost, "0.02");
  EXPECT_EQ(last_url(), "https://rest-api.telesign.com/v1/omnichannel/ABCD");
  client.answer(200, R"({"reference_id":"ABCD","status":{"code":107}})");
  EXPECT_EQ(poll(Channel::voice)->status, Status::failed);
  EXPECT_EQ(last_url(), "https://rest-api.telesign.com/v1/verify/ABCD");
}

TEST_F(TelesignPollerTest, LooksForAnSmsAmongCodesToo) {
  client.answer(404, R"({"status":{"code":10017}})");
  client.answer(200, R"({"reference_id":"ABCD","status":{"code":203},"verify":{"code_state":"UNKNOWN"}})");
  EXPECT_EQ(poll(Channel::sms)->status, Status::sent);
  EXPECT_EQ(last_url(), "https://rest-api.telesign.com/v1/verify/ABCD");
}

TEST_F(TelesignPollerTest, TellsNotKnownFromNotReachable) {
  client.answer(404, R"({"status":{"code":599},"errors":[{"code":-10004}]})");
  EXPECT_EQ(poll(Channel::whatsapp).error().code, Errc::not_found);
  client.answer(503, R"({"status":{"code":10000}})");
  EXPECT_EQ(poll(Channel::sms).error().code, Errc::unavailable);
  client.answer(200, "{}");
  EXPECT_EQ(poll(Channel::voice).error().code, Errc::unavailable);
  client.fail(true);
  EXPECT_EQ(poll(Channel::voice).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace kriya::messaging::telesign
