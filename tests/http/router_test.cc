#include "http/router.h"

#include <gtest/gtest.h>

namespace kriya::http {
namespace {

Route route(Method method, std::string path) {
  return {.method = method, .path = std::move(path), .access = {}, .run = {}, .describe = {}};
}

TEST(Router, TellsAnUnknownPathFromAnUnknownMethod) {
  Router router;
  router.add(route(Method::get, "/a"));
  router.add(route(Method::post, "/a"));
  router.add(route(Method::delete_, "/b"));
  EXPECT_EQ(router.find(Method::post, "/a").route, router.routes()[1].get());
  EXPECT_EQ(router.find(Method::get, "/c").allow, "");
  EXPECT_EQ(router.find(Method::put, "/a").allow, "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(router.find(Method::get, "/b").allow, "DELETE, OPTIONS");
  for (const char* path : {"/a/", "/A", "", "/a?x"}) EXPECT_EQ(router.find(Method::get, path).route, nullptr) << path;
}

TEST(Router, AnswersHeadWithTheGetRoute) {
  Router router;
  router.add(route(Method::get, "/a"));
  EXPECT_EQ(router.find(Method::head, "/a").route, router.routes()[0].get());
}

TEST(Router, RefusesTheSameRouteTwice) {
  Router router;
  router.add(route(Method::get, "/a"));
  EXPECT_THROW(router.add(route(Method::get, "/a")), std::logic_error);
}

TEST(Router, RefusesTwoLimitsOfOneName) {
  Router router;
  const auto limited = [](const char* path, std::int64_t requests) {
    Route one = route(Method::get, path);
    one.limits = {{.name = "limit", .requests = requests}};
    return one;
  };
  router.add(limited("/a", 10));
  router.add(limited("/b", 10));
  EXPECT_THROW(router.add(limited("/c", 11)), std::logic_error);
  EXPECT_EQ(router.limits().at("limit").requests, 10);
}

}  // namespace
}  // namespace kriya::http
