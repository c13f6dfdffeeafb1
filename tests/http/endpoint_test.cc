#include "http/endpoint.h"

#include <gtest/gtest.h>

#include "http/openapi.h"
#include "http/router.h"
#include "runtime/io_threads.h"

namespace kriya::http {

struct Wanted {
  std::string id;
  std::optional<std::int64_t> limit;
  std::optional<bool> all;
};
BOOST_DESCRIBE_STRUCT(Wanted, (), (id, limit, all))

struct Done {
  std::string id;
  std::optional<std::int64_t> limit;
};
BOOST_DESCRIBE_STRUCT(Done, (), (id, limit))

struct Started {
  static constexpr int kStatus = 202;
  std::string id;
};
BOOST_DESCRIBE_STRUCT(Started, (), (id))

namespace {

Task<Result<WithHeaders<Done>>> answer_with_cookie() {
  co_return WithHeaders<Done>{.body = {.id = "it", .limit = {}}, .headers = {{"Set-Cookie", "a=b"}}};
}

using Answer = std::variant<Done, Started>;

Task<Result<Answer>> answer(Wanted wanted) {
  if (wanted.all.value_or(false)) co_return Started{wanted.id};
  co_return Done{wanted.id, wanted.limit};
}

/// One endpoint on a path, asked once.
Response ask(Method method, const std::string& path, const std::string& target, const std::string& body = {}) {
  Router router;
  router.add(method, path,
             Endpoint<Wanted, Answer>{.summary = "Test",
                                      .handle = [](const Wanted& wanted, const Caller&) { return answer(wanted); }});
  Request request;
  request.set_start(name(method), target, 1);
  if (!body.empty()) {
    request.add_header("Content-Type", "application/json");
    request.add_header("Content-Length", std::to_string(body.size()));
    request.mutable_body() = body;
  }
  auto match = router.find(method, request.path());
  Caller caller{.address = "",
                .user_agent = "",
                .request_id = "r",
                .deadline = Deadline::after(std::chrono::seconds(5)),
                .bearer = ""};
  caller.path_parameters = std::move(match.parameters);
  return run_to_completion(match.route->run(request, caller));
}

TEST(Endpoint, ReadsPathAndQueryByTheNamesOfMembers) {
  EXPECT_EQ(ask(Method::get, "/a/{id}", "/a/x%2Fy?limit=5&other=1").body, R"({"id":"x/y","limit":5})");
  EXPECT_EQ(ask(Method::get, "/a", "/a?id=7").body, R"({"id":"7","limit":null})");
}

TEST(Endpoint, NamesEveryBadParameter) {
  const Response refused = ask(Method::get, "/a", "/a?limit=many&all=maybe");
  EXPECT_EQ(refused.status, 422);
  const auto errors = parse_json(refused.body)->at("errors").as_array();
  ASSERT_EQ(errors.size(), 3U);
  EXPECT_EQ(errors[0].at("message"), "is required");
  EXPECT_EQ(errors[1].at("message"), "must be a whole number");
  EXPECT_EQ(errors[2].at("message"), "must be true or false");
}

TEST(Endpoint, RefusesParametersThatAreNoUtf8) {
  for (const char* target : {"/a/%FF", "/a/x?limit=%C3"}) EXPECT_EQ(ask(Method::get, "/a/{id}", target).status, 422);
}

TEST(Endpoint, ThePathWinsOverTheBody) {
  EXPECT_EQ(ask(Method::post, "/a/{id}", "/a/one", R"({"id":"two","limit":3})").body, R"({"id":"one","limit":3})");
}

TEST(Endpoint, AnAnswersTypeDecidesItsStatus) {
  EXPECT_EQ(ask(Method::get, "/a", "/a?id=x").status, 200);
  EXPECT_EQ(ask(Method::get, "/a", "/a?id=x&all=true").status, 202);
}

TEST(Endpoint, DocumentsParametersAndEveryAnswer) {
  Router router;
  router.add(Method::get, "/a/{id}", Endpoint<Wanted, Answer>{.summary = "Test", .handle = {}});
  const json::object document =
      make_openapi({.title = "t", .version = "1", .description = "", .server_url = "/"}, router);
  const json::object& operation = document.at("paths").at("/a/{id}").at("get").as_object();
  const json::array& parameters = operation.at("parameters").as_array();
  ASSERT_EQ(parameters.size(), 3U);
  EXPECT_EQ(parameters[0].at("in"), "path");
  EXPECT_EQ(parameters[1].at("in"), "query");
  EXPECT_EQ(parameters[1].at("required"), false);
  EXPECT_TRUE(operation.at("responses").as_object().contains("200"));
  EXPECT_TRUE(operation.at("responses").as_object().contains("202"));
  EXPECT_FALSE(operation.contains("requestBody"));
}

TEST(Endpoint, AnswersWithHeadersThatItsDocumentNames) {
  Router router;
  router.add(
      Method::get, "/cookie",
      Endpoint<NoBody, WithHeaders<Done>>{.summary = "Test",
                                          .example_answer = {{.body = {.id = "it", .limit = {}}}},
                                          .set_cookie = "The cookie.",
                                          .handle = [](const NoBody&, const Caller&) { return answer_with_cookie(); }});
  Request request;
  request.set_start("GET", "/cookie", 1);
  const Caller caller{.address = {},
                      .user_agent = {},
                      .request_id = {},
                      .deadline = Deadline::after(std::chrono::seconds(5)),
                      .bearer = {}};
  const Response response = run_to_completion(router.find(Method::get, "/cookie").route->run(request, caller));
  EXPECT_EQ(response.body, R"({"id":"it","limit":null})");
  ASSERT_EQ(response.headers.size(), 1U);
  EXPECT_EQ(response.headers[0], std::pair(std::string_view("Set-Cookie"), std::string("a=b")));

  const json::object document = make_openapi({}, router);
  const json::object& success = document.at("paths").at("/cookie").at("get").at("responses").at("200").as_object();
  EXPECT_EQ(success.at("headers").at("Set-Cookie").at("description").as_string(), "The cookie.");
  EXPECT_EQ(success.at("content").at("application/json").at("example").at("id").as_string(), "it");
}

TEST(Endpoint, DocumentsTheOtherTypesOfItsSuccess) {
  Router router;
  router.add(Method::get, "/file/{id}",
             Endpoint<Wanted, Done>{.summary = "Test", .other_types = {"text/markdown"}, .handle = {}});
  const json::object document = make_openapi({}, router);
  const json::object& content =
      document.at("paths").at("/file/{id}").at("get").at("responses").at("200").at("content").as_object();
  EXPECT_EQ(content.size(), 2U);
  EXPECT_TRUE(content.at("application/json").at("schema").as_object().contains("$ref"));
  EXPECT_EQ(content.at("text/markdown").at("schema"), (json::object{{"type", "string"}}));
}

TEST(Endpoint, DocumentsAnAnswerWithoutABodyAsSuch) {
  Router router;
  router.add(
      {.method = Method::delete_, .path = "/nothing", .access = {}, .run = {}, .describe = [](schema::Components&) {
         return Operation{.summary = "Test",
                          .description = {},
                          .tag = {},
                          .errors = {},
                          .request_schema = {},
                          .request_example = {},
                          .answers = {{.status = 204, .content_type = {}}}};
       }});
  const json::object document = make_openapi({}, router);
  const json::object& answer = document.at("paths").at("/nothing").at("delete").at("responses").at("204").as_object();
  EXPECT_FALSE(answer.contains("content"));
}

}  // namespace
}  // namespace kriya::http
