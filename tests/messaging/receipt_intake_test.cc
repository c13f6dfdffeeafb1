#include "messaging/receipt_intake.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "messaging/webhook_endpoints.h"
#include "tests/support/failing_database.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_message_sender.h"
#include "tests/support/master_key.h"
#include "tests/support/test_database.h"

namespace kriya::messaging {
namespace {

using std::chrono::seconds;
using tests::FakeMessageSender;
using tests::soon;

const PhoneNumber kPerson = *PhoneNumber::parse("+14155550123");

InboundMessage said(std::string text, std::string reference = "in-1", std::string keyword = "") {
  return {.from = kPerson, .reference = std::move(reference), .text = std::move(text), .keyword = std::move(keyword)};
}

TEST(ConsentIn, IsReadFromTheWholeTextOrTheProvidersWord) {
  for (const char* text :
       {"STOP", " stop. ", "Unsubscribe!", "\"STOP\"", "Opt out", "OPT-OUT", "optout", "baja", "रोकें"}) {
    EXPECT_EQ(consent_in(said(text)), Consent::withdrawn) << text;
  }
  for (const char* text : {"Start", "Opt-in", "opt in"}) EXPECT_EQ(consent_in(said(text)), Consent::given) << text;
  EXPECT_EQ(consent_in(said("no more of this", "in", "STOP")), Consent::withdrawn);
  for (const char* text : {"", "stop by at noon", "Please start", "help", "…"}) {
    EXPECT_EQ(consent_in(said(text)), std::nullopt) << text;
  }
}

/// Bodies are "<signature>;<reference>;<status>", enough to show who asks whom and when.
class FakeParser final : public ReceiptParser {
 public:
  std::string_view provider() const override { return "fake"; }
  Result<Receipts> parse(const http::Request& request) const override {
    const std::string& body = request.body();
    if (!body.starts_with("good;")) return fail(Errc::forbidden, "The signature is wrong.");
    const std::size_t end = body.find(';', 5);
    StatusReport report;
    report.reference = body.substr(5, end - 5);
    report.status = schema::parse_word<Status>(body.substr(end + 1)).value();
    report.code = "200";
    report.at = "2022-31-03T10:00:00Z";  // as providers write it
    return Receipts{{report}, {}};
  }
};

class ReceiptIntakeTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  void SetUp() override { add_receipt_endpoint(router_, "/webhooks/fake", parser_, intake_); }

  MessageRecord send(Purpose purpose = Purpose::transactional) {
    NewMessage message{.to = kPerson, .content = {}, .purpose = purpose, .requested_by = "operator"};
    message.content.text = "The parcel is here";
    return run_to_completion(outbox_.send(message, soon())).value();
  }
  bool refused() {
    NewMessage message{.to = kPerson, .content = {}, .requested_by = "operator"};
    message.content.text = "The parcel is here";
    const auto sent = run_to_completion(outbox_.send(message, soon()));
    return !sent && sent.error().code == Errc::opted_out;
  }
  bool take(InboundMessage inbound) {
    return run_to_completion(intake_.take("fake", Receipts{{}, {std::move(inbound)}}, soon())).has_value();
  }
  int post(const std::string& body) {
    http::Request request;
    request.set_start("POST", "/webhooks/fake", 1);
    request.mutable_body() = body;
    const http::Caller caller{
        .address = "203.0.113.7", .user_agent = {}, .request_id = "r", .deadline = soon(), .bearer = {}};
    const auto match = router_.find(http::Method::post, "/webhooks/fake");
    return run_to_completion(match.route->run(request, caller)).status;
  }
  Status status(const MessageRecord& record) {
    return run_to_completion(outbox_.store().find(record.id, soon())).value()->record.status;
  }
  std::size_t receipts(const std::string& reference) {
    ReceiptStore store(*database_);
    return run_to_completion(store.of_reference("fake", reference, soon())).value().size();
  }

  tests::FakeClock clock_;
  tests::TestDatabase database_{GetParam()};
  tests::FailingDatabase connection_{*database_};
  FakeMessageSender sms_;
  Outbox outbox_{{.database = connection_,
                  .master = tests::kMaster,
                  .senders = {&sms_},
                  .luck = [] { return 1.0; },
                  .clock = clock_,
                  .log = database_.log(),
                  .metrics = database_.metrics()}};
  ReceiptIntake intake_{{.database = connection_,
                         .master = tests::kMaster,
                         .outbox = outbox_,
                         .clock = clock_,
                         .log = database_.log(),
                         .metrics = database_.metrics()}};
  FakeParser parser_;
  http::Router router_;
};

INSTANTIATE_TEST_SUITE_P(Engines, ReceiptIntakeTest, tests::every_engine(), tests::engine_name);

TEST_P(ReceiptIntakeTest, MergesAReceiptOnceHoweverOftenItComes) {
  const MessageRecord record = send();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(post("good;ref-1;delivered"), 200);
  EXPECT_EQ(post("good;ref-1;sent"), 200);  // out of order
  EXPECT_EQ(status(record), Status::delivered);
  EXPECT_EQ(receipts("ref-1"), 2U);
}

TEST_P(ReceiptIntakeTest, RefusesAWrongSignatureAndKeepsNothing) {
  const MessageRecord record = send();
  EXPECT_EQ(post("bad;ref-1;delivered"), 403);
  EXPECT_EQ(status(record), Status::accepted);
  EXPECT_EQ(receipts("ref-1"), 0U);
}

TEST_P(ReceiptIntakeTest, KeepsAReceiptOfNoKnownMessage) {
  EXPECT_EQ(post("good;stranger;delivered"), 200);
  EXPECT_EQ(receipts("stranger"), 1U);
}

TEST_P(ReceiptIntakeTest, AsksForARepeatWhenItCouldNotKeepOrActAndTheRepeatDoesBoth) {
  const MessageRecord record = send();
  connection_.die_after_writes(0);
  EXPECT_EQ(post("good;ref-1;delivered"), 503);
  connection_.die_after_writes(1);  // kept, and then the process dies
  EXPECT_EQ(post("good;ref-1;delivered"), 503);
  EXPECT_EQ(receipts("ref-1"), 1U);
  EXPECT_EQ(run_to_completion(MessageStore(*database_).find(record.id, soon())).value()->record.status,
            Status::accepted);
  connection_.die_after_writes(100);
  EXPECT_EQ(post("good;ref-1;delivered"), 200);
  EXPECT_EQ(status(record), Status::delivered);
}

TEST_P(ReceiptIntakeTest, StopEndsMessagesAndStartBringsThemBack) {
  EXPECT_TRUE(take(said("STOP", "in-1")));
  EXPECT_TRUE(refused());
  EXPECT_TRUE(take(said("START", "in-2")));
  EXPECT_FALSE(refused());
}

TEST_P(ReceiptIntakeTest, AReplayedWishDoesNotUndoANewerOne) {
  EXPECT_TRUE(take(said("STOP", "in-1")));
  EXPECT_TRUE(take(said("START", "in-2")));
  EXPECT_TRUE(take(said("STOP", "in-1")));
  EXPECT_FALSE(refused());
  EXPECT_TRUE(take(said("STOP", "in-3")));
  EXPECT_TRUE(take(said("START", "in-2")));
  EXPECT_TRUE(refused());
}

TEST_P(ReceiptIntakeTest, OldReportsAreSweptAndOldWishesStayKnown) {
  ReceiptStore store(*database_);
  EXPECT_EQ(post("good;ref-1;delivered"), 200);
  EXPECT_TRUE(take(said("STOP", "in-1")));
  EXPECT_TRUE(take(said("START", "in-2")));
  EXPECT_EQ(run_to_completion(store.sweep(clock_.now(), 10, soon())).value(), 0);
  EXPECT_EQ(run_to_completion(store.sweep(clock_.now() + seconds(1), 10, soon())).value(), 1);
  EXPECT_EQ(receipts("ref-1"), 0U);
  EXPECT_TRUE(take(said("STOP", "in-1")));
  EXPECT_FALSE(refused());
}

TEST_P(ReceiptIntakeTest, StopTakesBackWhatWaits) {
  sms_.then(FakeMessageSender::busy(seconds(60)));
  const MessageRecord waiting = send();
  EXPECT_EQ(waiting.status, Status::queued);
  EXPECT_TRUE(take(said("stop")));
  EXPECT_EQ(status(waiting), Status::failed);
}

http::Request handshake(const std::string& query) {
  http::Request request;
  request.set_start("GET", "/webhooks/whatsapp?" + query, 1);
  return request;
}

TEST(MetaHandshake, GivesTheChallengeToWhoKnowsTheToken) {
  const MetaHandshake meta{Secret("our-token")};
  const auto answer = [&](const std::string& query) { return meta.answer(handshake(query)); };
  EXPECT_EQ(answer("hub.mode=subscribe&hub.verify_token=our-token&hub.challenge=1158201444").value(), "1158201444");
  EXPECT_EQ(answer("hub.mode=subscribe&hub.verify_token=other&hub.challenge=1").error().code, Errc::forbidden);
  EXPECT_EQ(answer("hub.mode=unsubscribe&hub.verify_token=our-token&hub.challenge=1").error().code, Errc::bad_request);
  EXPECT_EQ(answer("hub.verify_token=our-token").error().code, Errc::bad_request);
  EXPECT_EQ(answer("hub.mode=subscribe&hub.verify_token=our-token&hub.challenge=%3Cb%3E%0A").error().code,
            Errc::bad_request);
}

TEST(MetaHandshake, IsShutWithoutAToken) {
  const MetaHandshake meta{Secret("")};
  EXPECT_EQ(meta.answer(handshake("hub.mode=subscribe&hub.verify_token=&hub.challenge=1")).error().code,
            Errc::forbidden);
}

}  // namespace
}  // namespace kriya::messaging
