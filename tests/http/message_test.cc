#include "http/message.h"

#include <gtest/gtest.h>

namespace kriya::http {
namespace {

std::string path_of(std::string_view target) {
  Request request;
  request.set_start("GET", target, 1);
  return std::string(request.path());
}

TEST(Request, ReadsTheAbsoluteFormThatProxiesSend) {
  EXPECT_EQ(path_of("/a/b?c=/d"), "/a/b");
  EXPECT_EQ(path_of("http://host:80/a?b"), "/a");
  EXPECT_EQ(path_of("HTTPS://host"), "/");
  EXPECT_EQ(path_of("*"), "*");
}

TEST(Request, FindsAQueryParameterThatIsThereOnce) {
  Request request;
  request.set_start("GET", "/?token=a%2Bb&x=1&y&x=2&bad=%zz", 1);
  EXPECT_EQ(request.query_parameter("token"), "a+b");
  EXPECT_EQ(request.query_parameter("y"), "");
  EXPECT_EQ(request.query_parameter("x"), std::nullopt) << "repeated";
  EXPECT_EQ(request.query_parameter("bad"), std::nullopt);
  EXPECT_EQ(request.query_parameter("z"), std::nullopt);
}

TEST(Request, DoesNotKeepALargeBodysMemoryForTheNext) {
  Request request;
  request.mutable_body().assign(1'000'000, 'x');
  request.clear();
  EXPECT_LT(request.body().capacity(), 20'000U);
}

TEST(Method, IsCaseSensitive) {
  EXPECT_EQ(parse_method("DELETE"), Method::delete_);
  EXPECT_EQ(parse_method("delete"), Method::other);
}

}  // namespace
}  // namespace kriya::http
