#include "http/cors.h"

#include <gtest/gtest.h>

namespace kriya::http {
namespace {

const Cors kCors({"https://app.example.com"});

Request from(const char* origin, const char* method = "GET") {
  Request request;
  request.set_start(method, "/", 1);
  request.add_header("Origin", origin);
  return request;
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

TEST(Cors, LetsAnAllowedOriginReadWithCredentials) {
  Response response;
  kCors.decorate(from("https://app.example.com"), response);
  EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "https://app.example.com");
  EXPECT_EQ(header(response, "Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(header(response, "Vary"), "Origin");
}

TEST(Cors, ComparesOriginsAsAWhole) {
  for (const char* other : {"https://app.example.com.evil.com", "https://app.example.co", "http://app.example.com",
                            "https://APP.example.com", "null", "*", "https://app.example.com:444"}) {
    Response response;
    kCors.decorate(from(other), response);
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "") << other;
    EXPECT_EQ(header(response, "Vary"), "Origin") << "a cache must not mix origins up";
  }
}

TEST(Cors, SaysNothingWhenNoOriginIsAllowed) {
  Response response;
  Cors({}).decorate(from("https://app.example.com"), response);
  EXPECT_TRUE(response.headers.empty());
}

TEST(Cors, APreflightAsksForAMethod) {
  Request plain = from("https://app.example.com", "OPTIONS");
  EXPECT_FALSE(Cors::is_preflight(plain));
  plain.add_header("Access-Control-Request-Method", "POST");
  EXPECT_TRUE(Cors::is_preflight(plain));
  Response response;
  kCors.decorate_preflight(plain, "POST, OPTIONS", response);
  EXPECT_EQ(header(response, "Access-Control-Allow-Methods"), "POST, OPTIONS");
}

}  // namespace
}  // namespace kriya::http
