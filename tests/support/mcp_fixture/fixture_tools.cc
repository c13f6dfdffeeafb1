#include "tests/support/mcp_fixture/fixture_tools.h"

#include <chrono>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json/serialize.hpp>

#include "mcp/protocol.h"
#include "tests/support/mcp_fixture/fixture_contents.h"

namespace kriya::tests {
namespace {

using mcp::InputRequired;
using mcp::Outcome;
using namespace std::chrono_literals;

json::object result(json::array content) { return {{"content", std::move(content)}}; }

json::object text_result(std::string_view text) { return result({text_block(text)}); }

Task<void> pause(std::chrono::milliseconds span) {
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> timer(
      co_await asio::this_coro::executor);
  timer.expires_after(span);
  co_await timer.async_wait(asio::as_tuple(use_task));
}

// --- Content
// ----------------------------------------------------------------------------------------------------------

Task<Outcome> simple_text(FixtureCall) { co_return text_result("This is a simple text response for testing."); }

Task<Outcome> image(FixtureCall) { co_return result({png_block()}); }

Task<Outcome> audio(FixtureCall) {
  co_return result({json::object{{"type", "audio"}, {"data", kWav}, {"mimeType", "audio/wav"}}});
}

Task<Outcome> embedded_resource(FixtureCall) {
  co_return result({resource_block("test://embedded-resource", "text/plain", "This is an embedded resource content.")});
}

Task<Outcome> mixed(FixtureCall) {
  co_return result(
      {text_block("Multiple content types test:"), png_block(),
       resource_block("test://mixed-content-resource", "application/json", R"({"test":"data","value":123})")});
}

Task<Outcome> error(FixtureCall) {
  json::object failed = text_result("This tool intentionally returns an error for testing");
  failed["isError"] = true;
  co_return failed;
}

Task<Outcome> echo_arguments(FixtureCall call) { co_return text_result(json::serialize(call.arguments)); }

// --- While it runs
// ----------------------------------------------------------------------------------------------------

Task<Outcome> with_logging(FixtureCall call) {
  mcp::Conversation& client = *call.asker.conversation;
  client.log(mcp::LogLevel::info, "", "Tool execution started");
  co_await pause(50ms);
  client.log(mcp::LogLevel::info, "", "Tool processing data");
  co_await pause(50ms);
  client.log(mcp::LogLevel::info, "", "Tool execution completed");
  co_return text_result("Tool with logging executed successfully");
}

Task<Outcome> with_progress(FixtureCall call) {
  for (const int done : {0, 50, 100}) {
    if (done > 0) co_await pause(50ms);
    call.asker.conversation->progress(done, 100, "Completed step " + std::to_string(done) + " of 100");
  }
  co_return text_result("Done");
}

Task<Outcome> reconnection(FixtureCall call) {
  call.asker.conversation->let_client_poll();
  co_await pause(100ms);
  co_return text_result("The stream was closed, and here is the answer.");
}

Task<Outcome> change_tools(FixtureCall call) {
  call.changes.publish({mcp::Change::Kind::tools});
  co_return text_result("Told.");
}

Task<Outcome> change_prompts(FixtureCall call) {
  call.changes.publish({mcp::Change::Kind::prompts});
  co_return text_result("Told.");
}

Task<Outcome> change_resource(FixtureCall call) {
  call.changes.publish({mcp::Change::Kind::resource, "test://watched-resource"});
  co_return text_result("Told.");
}

// --- Asking, in the legacy era
// ----------------------------------------------------------------------------------------

json::object sampling_params(std::string_view text, int most_tokens) {
  return {{"messages", {json::object{{"role", "user"}, {"content", text_block(text)}}}}, {"maxTokens", most_tokens}};
}

Task<Outcome> sampling(FixtureCall call) {
  const json::string* prompt = string_member(call.arguments, "prompt");
  const auto answer = co_await call.asker.conversation->ask(
      std::string(mcp::method::kCreateMessage),
      sampling_params(prompt == nullptr ? "Hello" : std::string_view(*prompt), 100));
  if (!answer) co_return text_result("Sampling failed: " + answer.error().message);
  const json::object* content = object_member(*answer, "content");
  const json::string* text = content == nullptr ? nullptr : string_member(*content, "text");
  co_return text_result("LLM response: " + std::string(text == nullptr ? "none" : std::string_view(*text)));
}

Task<Outcome> elicit(FixtureCall call, json::object params, std::string_view words) {
  const auto answer = co_await call.asker.conversation->ask(std::string(mcp::method::kElicit), std::move(params));
  if (!answer) co_return text_result("Elicitation failed: " + answer.error().message);
  const json::string* action = string_member(*answer, "action");
  const json::object* content = object_member(*answer, "content");
  co_return text_result(std::string(words) +
                        " action=" + std::string(action == nullptr ? "none" : std::string_view(*action)) +
                        ", content=" + (content == nullptr ? "{}" : json::serialize(*content)));
}

Task<Outcome> elicitation(FixtureCall call) {
  const json::string* message = string_member(call.arguments, "message");
  json::object params = constant(R"({"requestedSchema": {"type": "object", "required": ["username", "email"],
    "properties": {"username": {"type": "string", "description": "User's response"},
                   "email": {"type": "string", "description": "User's email address"}}}})");
  params["message"] = message == nullptr ? "Who are you?" : std::string_view(*message);
  return elicit(std::move(call), std::move(params), "User response:");
}

Task<Outcome> elicitation_defaults(FixtureCall call) {
  return elicit(std::move(call), constant(R"({"message": "Please review the defaults",
    "requestedSchema": {"type": "object", "required": [], "properties": {
      "name": {"type": "string", "description": "User name", "default": "John Doe"},
      "age": {"type": "integer", "description": "User age", "default": 30},
      "score": {"type": "number", "description": "User score", "default": 95.5},
      "status": {"type": "string", "description": "User status", "enum": ["active", "inactive", "pending"],
                 "default": "active"},
      "verified": {"type": "boolean", "description": "Verification status", "default": true}}}})"),
                "Elicitation completed:");
}

Task<Outcome> elicitation_enums(FixtureCall call) {
  return elicit(std::move(call), constant(R"({"message": "Please choose",
    "requestedSchema": {"type": "object", "required": [], "properties": {
      "untitledSingle": {"type": "string", "description": "One", "enum": ["option1", "option2", "option3"]},
      "titledSingle": {"type": "string", "description": "One, with titles", "oneOf": [
        {"const": "value1", "title": "First Option"}, {"const": "value2", "title": "Second Option"},
        {"const": "value3", "title": "Third Option"}]},
      "legacyEnum": {"type": "string", "description": "One, as before", "enum": ["opt1", "opt2", "opt3"],
                     "enumNames": ["Option One", "Option Two", "Option Three"]},
      "untitledMulti": {"type": "array", "description": "Some", "minItems": 1, "maxItems": 3,
                        "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
      "titledMulti": {"type": "array", "description": "Some, with titles", "minItems": 1, "maxItems": 3,
                      "items": {"anyOf": [{"const": "value1", "title": "First Choice"},
                                          {"const": "value2", "title": "Second Choice"},
                                          {"const": "value3", "title": "Third Choice"}]}}}}})"),
                "Elicitation completed:");
}

// --- Asking, in the modern era
// ----------------------------------------------------------------------------------------

json::object form(std::string_view message, std::string_view member, std::string_view type = "string") {
  return {{"method", mcp::method::kElicit},
          {"params",
           {{"message", message},
            {"requestedSchema",
             {{"type", "object"},
              {"properties", json::object{{member, json::object{{"type", type}}}}},
              {"required", json::array{member}}}}}}};
}

json::object sample(std::string_view text, int most_tokens) {
  return {{"method", mcp::method::kCreateMessage}, {"params", sampling_params(text, most_tokens)}};
}

json::object roots() { return {{"method", mcp::method::kRootsList}, {"params", json::object()}}; }

bool has_all(const FixtureCall& call, const json::object& requests) {
  return std::ranges::all_of(requests, [&](const auto& one) { return call.input.responses.contains(one.key()); });
}

/// Asks until every answer is there, then shows them.
Outcome require(const FixtureCall& call, json::object requests, std::optional<json::object> state = {}) {
  if (!has_all(call, requests) || (state && !call.input.state)) return InputRequired{std::move(requests), state};
  return text_result((state ? "state-ok " : "") + json::serialize(call.input.responses));
}

Task<Outcome> input_elicitation(FixtureCall call) {
  co_return require(call, {{"user_name", form("What is your name?", "name")}});
}

Task<Outcome> input_sampling(FixtureCall call) {
  co_return require(call, {{"capital_question", sample("What is the capital of France?", 100)}});
}

Task<Outcome> input_roots(FixtureCall call) { co_return require(call, {{"client_roots", roots()}}); }

Task<Outcome> input_state(FixtureCall call) {
  co_return require(call, {{"confirm", form("Please confirm", "ok", "boolean")}}, json::object{{"asked", true}});
}

Task<Outcome> input_several(FixtureCall call) {
  co_return require(call,
                    {{"user_name", form("What is your name?", "name")},
                     {"greeting", sample("Generate a greeting", 50)},
                     {"client_roots", roots()}},
                    json::object{{"asked", true}});
}

Task<Outcome> input_rounds(FixtureCall call) {
  if (!call.input.state) {
    co_return InputRequired{{{"step1", form("Step 1: What is your name?", "name")}}, json::object{{"round", 1}}};
  }
  if (call.input.state->at("round") == 1) {
    co_return InputRequired{{{"step2", form("Step 2: What is your favorite color?", "color")}},
                            json::object{{"round", 2}}};
  }
  co_return text_result("Both steps are done.");
}

Task<Outcome> input_by_capabilities(FixtureCall call) {
  json::object requests;
  if (call.asker.can("sampling")) requests["question"] = sample("What can you do?", 50);
  if (call.asker.can("elicitation")) requests["form"] = form("What do you want?", "wish");
  if (requests.empty()) co_return text_result("There is nothing to ask this client.");
  co_return require(call, std::move(requests));
}

Task<Outcome> missing_capability(FixtureCall call) {
  if (!call.asker.can("sampling")) co_return mcp::missing_capability({{"sampling", json::object()}});
  co_return text_result("The client can sample.");
}

constexpr std::string_view kNoArguments = R"({"type": "object", "properties": {}, "additionalProperties": false})";
constexpr std::string_view kPrompt =
    R"({"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]})";
constexpr std::string_view kMessage =
    R"({"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]})";
constexpr std::string_view kInHeader = R"({"type": "object", "required": ["region"],
  "properties": {"region": {"type": "string", "x-mcp-header": "Region"}, "query": {"type": "string"}}})";
constexpr std::string_view kAllOfJsonSchema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
  "$defs": {"address": {"$anchor": "addressDef", "type": "object",
                        "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
  "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
                 "contactMethod": {"type": "string", "enum": ["phone", "email"]},
                 "phone": {"type": "string"}, "email": {"type": "string"}},
  "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
  "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
  "then": {"required": ["phone"]}, "else": {"required": ["email"]}, "additionalProperties": false})";

constexpr FixtureTool kTools[] = {
    {"test_simple_text", "Gives text", kNoArguments, simple_text},
    {"test_image_content", "Gives an image", kNoArguments, image},
    {"test_audio_content", "Gives a sound", kNoArguments, audio},
    {"test_embedded_resource", "Gives a resource", kNoArguments, embedded_resource},
    {"test_multiple_content_types", "Gives text, an image and a resource", kNoArguments, mixed},
    {"test_error_handling", "Fails", kNoArguments, error},
    {"json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features", kAllOfJsonSchema, echo_arguments},
    {"test_parameter_in_header", "Has an argument that is mirrored into a header", kInHeader, echo_arguments},
    {"test_tool_with_logging", "Logs while it runs", kNoArguments, with_logging},
    {"test_logging_tool", "Logs while it runs", kNoArguments, with_logging},
    {"test_tool_with_progress", "Tells its progress", kNoArguments, with_progress},
    {"test_reconnection", "Closes the stream before it answers", kNoArguments, reconnection},
    {"test_trigger_tool_change", "Says that the tools have changed", kNoArguments, change_tools},
    {"test_trigger_prompt_change", "Says that the prompts have changed", kNoArguments, change_prompts},
    {"test_trigger_resource_change", "Says that a resource has changed", kNoArguments, change_resource},
    {"test_sampling", "Asks the client's model", kPrompt, sampling},
    {"test_elicitation", "Asks the client's person", kMessage, elicitation},
    {"test_elicitation_sep1034_defaults", "Asks with defaults", kNoArguments, elicitation_defaults},
    {"test_elicitation_sep1330_enums", "Asks with choices", kNoArguments, elicitation_enums},
    {"test_missing_capability", "Needs sampling", kNoArguments, missing_capability},
    {"test_streaming_elicitation", "Requires input", kNoArguments, input_elicitation},
    {"test_input_required_result_elicitation", "Requires input", kNoArguments, input_elicitation},
    {"test_input_required_result_sampling", "Requires a sample", kNoArguments, input_sampling},
    {"test_input_required_result_list_roots", "Requires roots", kNoArguments, input_roots},
    {"test_input_required_result_request_state", "Requires input, with state", kNoArguments, input_state},
    {"test_input_required_result_multiple_inputs", "Requires several inputs", kNoArguments, input_several},
    {"test_input_required_result_multi_round", "Requires input twice", kNoArguments, input_rounds},
    {"test_input_required_result_tampered_state", "Requires input, with state", kNoArguments, input_state},
    {"test_input_required_result_capabilities", "Requires what the client can", kNoArguments, input_by_capabilities},
};

}  // namespace

std::span<const FixtureTool> fixture_tools() { return kTools; }

}  // namespace kriya::tests
