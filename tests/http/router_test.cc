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

TEST(Router, GivesWhatStandsInThePlacesOfAPath) {
  Router router;
  router.add(route(Method::get, "/api/messages/{id}"));
  router.add(route(Method::post, "/api/chat/{chat}/cancel"));
  router.add(route(Method::get, "/api/messages/latest"));
  const auto found = router.find(Method::get, "/api/messages/a%20b+c");
  ASSERT_EQ(found.route, router.routes()[0].get());
  ASSERT_EQ(found.parameters.size(), 1U);
  EXPECT_EQ(found.parameters[0], (std::pair<std::string_view, std::string>("id", "a b+c")));
  EXPECT_EQ(router.find(Method::get, "/api/messages/latest").route, router.routes()[2].get());
  EXPECT_EQ(router.find(Method::get, "/api/chat/1/cancel").allow, "POST, OPTIONS");
  for (const char* path :
       {"/api/messages/", "/api/messages/a/b", "/api/messages/%zz", "/api/messages", "/api/chat//cancel"}) {
    EXPECT_EQ(router.find(Method::get, path).route, nullptr) << path;
    EXPECT_EQ(router.find(Method::get, path).allow, "") << path;
  }
}

}  // namespace
}  // namespace kriya::http
