#include "http/server/request_parser.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kriya::http::server {
namespace {

/// Feeds `bytes` in pieces of `step`; the error that ended it, or nothing.
std::optional<Error> parse(Request& request, std::string_view bytes, std::size_t step = 1 << 20) {
  RequestParser parser(request);
  std::string pending;
  while (!bytes.empty() && !parser.is_done()) {
    pending += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
    const auto used = parser.feed(pending);
    if (!used) return used.error();
    pending.erase(0, *used);
  }
  if (!parser.is_done()) return Error{Errc::internal, "incomplete"};
  return std::nullopt;
}

Errc code_of(std::string_view bytes) {
  Request request;
  const auto error = parse(request, bytes);
  return error ? error->code : Errc::not_found;
}

constexpr std::string_view kPost =
    "POST /api/x?a=1&b=%20 HTTP/1.1\r\nHost: h\r\nX-List: a\r\nx-list:  b \r\nContent-Length: 5\r\n\r\nhello";

TEST(RequestParser, ReadsARequestHoweverItIsCut) {
  for (std::size_t step = 1; step <= kPost.size(); ++step) {
    Request request;
    ASSERT_FALSE(parse(request, kPost, step)) << step;
    EXPECT_EQ(request.method(), Method::post);
    EXPECT_EQ(request.path(), "/api/x");
    EXPECT_EQ(request.query_parameter("b"), " ");
    EXPECT_EQ(request.query_parameter("c"), std::nullopt);
    EXPECT_EQ(request.header("HOST"), "h");
    EXPECT_EQ(request.joined_header("X-List"), "a, b");
    EXPECT_EQ(request.body(), "hello");
  }
}

TEST(RequestParser, ReadsChunksHoweverTheyAreCut) {
  constexpr std::string_view kChunks =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
  for (std::size_t step = 1; step <= kChunks.size(); ++step) {
    Request request;
    ASSERT_FALSE(parse(request, kChunks, step)) << step;
    EXPECT_EQ(request.body(), "abcde");
  }
}

TEST(RequestParser, ForgetsTheRequestBefore) {
  Request request;
  ASSERT_FALSE(parse(request, kPost));
  ASSERT_FALSE(parse(request, "GET /y HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(request.header("Host"), std::nullopt);
  EXPECT_EQ(request.body(), "");
  EXPECT_EQ(request.minor_version(), 0);
}

TEST(RequestParser, HoldsItsLimits) {
  const std::string big(kMaxHeaderBytes, 'a');
  EXPECT_EQ(code_of("GET / HTTP/1.1\r\nHost: h\r\nX: " + big + "\r\n\r\n"), Errc::headers_too_large);
  EXPECT_EQ(code_of("GET /" + big.substr(0, 9000) + " HTTP/1.1\r\nHost: h\r\n\r\n"), Errc::uri_too_long);
  EXPECT_EQ(code_of("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1048577\r\n\r\n"), Errc::payload_too_large);
  EXPECT_EQ(code_of("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n"),
            Errc::payload_too_large);
  Request request;
  ASSERT_FALSE(parse(
      request, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1048576\r\n\r\n" + std::string(kMaxBodyBytes, 'b')));
  EXPECT_EQ(request.body().size(), kMaxBodyBytes);
}

TEST(RequestParser, RefusesWhatOthersCouldReadDifferently) {
  for (const char* bytes : {
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
           "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello",
           "POST / HTTP/1.1\r\nHost : h\r\n\r\n",
           "GET / HTTP/1.1\nHost: h\n\n",
           "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
           "GET / HTTP/1.1\r\nHo\x01st: h\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
           " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
       }) {
    EXPECT_EQ(code_of(bytes), Errc::bad_request) << bytes;
  }
  EXPECT_EQ(code_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), Errc::http_version_not_supported);
  EXPECT_EQ(code_of("GET / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\n\r\n"), Errc::expectation_failed);
}

RC_GTEST_PROP(RequestParser, SurvivesAnyBytes, (const std::string& bytes)) {
  Request request;
  parse(request, bytes, 7);
}

}  // namespace
}  // namespace kriya::http::server
