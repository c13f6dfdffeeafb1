#include "http/accept.h"

#include <gtest/gtest.h>

namespace kriya::http {
namespace {

Request accepting(const std::string& accept) {
  Request request;
  request.add_header("Accept", accept);
  return request;
}

Acceptance of_events(const std::string& accept) { return acceptance_of(accepting(accept), "text/event-stream"); }

TEST(Accept, WithoutTheHeaderEverythingIsTakenAndNothingIsNamed) {
  const auto acceptance = acceptance_of(Request(), "text/event-stream");
  EXPECT_TRUE(acceptance.taken);
  EXPECT_FALSE(acceptance.named);
}

TEST(Accept, ATypeIsTakenByItsNameOrByARange) {
  for (const char* accept :
       {"text/event-stream", "application/json, Text/Event-Stream;q=0.5", "text/event-stream ; q=1"}) {
    EXPECT_TRUE(of_events(accept).named) << accept;
    EXPECT_TRUE(of_events(accept).taken) << accept;
  }
  for (const char* accept : {"*/*", "text/*", "application/json, */*;q=0.1"}) {
    EXPECT_FALSE(of_events(accept).named) << accept;
    EXPECT_TRUE(of_events(accept).taken) << accept;
  }
  for (const char* accept : {"", "application/json", "text/event-stream-2", "application/json;x=text/event-stream"}) {
    EXPECT_FALSE(of_events(accept).taken) << accept;
  }
}

TEST(Accept, AQualityOfZeroRefusesAlsoWhatAWiderRangeTakes) {
  for (const char* accept :
       {"text/event-stream;q=0, application/json", "text/event-stream; Q=0.000", "*/*, text/event-stream;q=0",
        "text/event-stream;charset=utf-8;q=0.0, text/*", "*/*;q=0"}) {
    EXPECT_FALSE(of_events(accept).taken) << accept;
    EXPECT_FALSE(of_events(accept).named) << accept;
  }
  EXPECT_TRUE(of_events("text/event-stream;q=0.001").named);
  EXPECT_TRUE(of_events("text/*;q=0, text/event-stream").named);
  EXPECT_TRUE(of_events("text/event-stream;seq=0").named);
}

}  // namespace
}  // namespace kriya::http
