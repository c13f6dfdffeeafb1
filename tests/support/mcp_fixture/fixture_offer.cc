#include "tests/support/mcp_fixture/fixture_offer.h"

#include <algorithm>

#include "base/text.h"
#include "tests/support/mcp_fixture/fixture_contents.h"
#include "tests/support/mcp_fixture/fixture_tools.h"

namespace kriya::tests {
namespace {

using mcp::Asker;
using mcp::Input;
using mcp::InputRequired;
using mcp::Outcome;

constexpr std::string_view kTemplateStart = "test://template/";
constexpr std::string_view kTemplateEnd = "/data";

json::object contents(std::string_view uri, std::string_view type, std::string_view text) {
  return {{"contents", {json::object{{"uri", uri}, {"mimeType", type}, {"text", text}}}}};
}

json::object user_message(json::object content) { return {{"role", "user"}, {"content", std::move(content)}}; }

std::string argument(const json::object& arguments, std::string_view name) {
  const json::string* text = string_member(arguments, name);
  return text == nullptr ? std::string() : std::string(*text);
}

}  // namespace

FixtureOffer::FixtureOffer(mcp::ChangeFeed& changes)
    : changes_(changes),
      info_{{"name", "kriya-mcp-fixture"}, {"version", "1.0.0"}},
      capabilities_(constant(R"({"tools": {"listChanged": true}, "prompts": {"listChanged": true},
                                 "resources": {"subscribe": true, "listChanged": true}, "completions": {}})")) {}

Task<Outcome> FixtureOffer::list_tools(const Asker&) {
  json::array tools;
  for (const FixtureTool& tool : fixture_tools()) {
    tools.push_back(json::object{
        {"name", tool.name}, {"description", tool.description}, {"inputSchema", constant(tool.input_schema)}});
  }
  return answer(json::object{{"tools", std::move(tools)}});
}

Task<Outcome> FixtureOffer::call_tool(const Asker& asker, std::string name, json::object arguments, Input input) {
  const auto tool = std::ranges::find(fixture_tools(), name, &FixtureTool::name);
  if (tool == fixture_tools().end()) return answer(mcp::invalid_params("Unknown tool: " + name));
  return tool->run({asker, std::move(arguments), std::move(input), changes_});
}

Task<Outcome> FixtureOffer::list_resources(const Asker&) {
  return answer(constant(R"({"resources": [
    {"uri": "test://static-text", "name": "static-text", "title": "Static text", "mimeType": "text/plain"},
    {"uri": "test://static-binary", "name": "static-binary", "title": "Static image", "mimeType": "image/png"},
    {"uri": "test://watched-resource", "name": "watched-resource", "mimeType": "text/plain"}]})"));
}

Task<Outcome> FixtureOffer::list_resource_templates(const Asker&) {
  return answer(constant(R"({"resourceTemplates": [{"uriTemplate": "test://template/{id}/data", "name": "template",
                             "description": "Data by id", "mimeType": "application/json"}]})"));
}

Task<Outcome> FixtureOffer::read_resource(const Asker& asker, std::string uri, Input) {
  if (uri == "test://static-text") {
    return answer(contents(uri, "text/plain", "This is the content of the static text resource."));
  }
  if (uri == "test://watched-resource") return answer(contents(uri, "text/plain", "Watched resource content"));
  if (uri == "test://static-binary") {
    return answer(json::object{{"contents", {json::object{{"uri", uri}, {"mimeType", "image/png"}, {"blob", kPng}}}}});
  }
  if (uri.starts_with(kTemplateStart) && uri.ends_with(kTemplateEnd) &&
      uri.size() > kTemplateStart.size() + kTemplateEnd.size()) {
    const std::string id = uri.substr(kTemplateStart.size(), uri.size() - kTemplateStart.size() - kTemplateEnd.size());
    std::string text = R"({"id":)";
    append_json_string(text, id);
    text += R"(,"templateTest":true,"data":)";
    append_json_string(text, "Data for ID: " + id);
    return answer(contents(uri, "application/json", text + "}"));
  }
  return answer(mcp::resource_not_found(asker.version, uri));
}

Task<Outcome> FixtureOffer::list_prompts(const Asker&) {
  return answer(constant(R"({"prompts": [
    {"name": "test_simple_prompt", "description": "Without arguments"},
    {"name": "test_prompt_with_arguments", "description": "With arguments", "arguments": [
      {"name": "arg1", "description": "First", "required": true},
      {"name": "arg2", "description": "Second", "required": true}]},
    {"name": "test_prompt_with_embedded_resource", "description": "With a resource", "arguments": [
      {"name": "resourceUri", "description": "Of the resource", "required": true}]},
    {"name": "test_prompt_with_image", "description": "With an image"},
    {"name": "test_input_required_result_prompt", "description": "Requires input"}]})"));
}

Task<Outcome> FixtureOffer::get_prompt(const Asker&, std::string name, json::object arguments, Input input) {
  json::array messages;
  if (name == "test_simple_prompt") {
    messages = {user_message(text_block("This is a simple prompt for testing."))};
  } else if (name == "test_prompt_with_arguments") {
    messages = {user_message(text_block("Prompt with arguments: arg1='" + argument(arguments, "arg1") + "', arg2='" +
                                        argument(arguments, "arg2") + "'"))};
  } else if (name == "test_prompt_with_embedded_resource") {
    messages = {user_message(resource_block(argument(arguments, "resourceUri"), "text/plain",
                                            "Embedded resource content for testing.")),
                user_message(text_block("Please process the embedded resource above."))};
  } else if (name == "test_prompt_with_image") {
    messages = {user_message(png_block()), user_message(text_block("Please analyze the image above."))};
  } else if (name == "test_input_required_result_prompt") {
    if (!input.responses.contains("user_context")) {
      return answer(InputRequired{constant(R"({"user_context": {"method": "elicitation/create", "params": {
        "message": "What context should the prompt use?", "requestedSchema": {
          "type": "object", "properties": {"context": {"type": "string"}}, "required": ["context"]}}}})")});
    }
    messages = {user_message(text_block("A prompt with the context that was given."))};
  } else {
    return answer(mcp::invalid_params("Unknown prompt: " + name));
  }
  return answer(json::object{{"messages", std::move(messages)}});
}

std::vector<mcp::HeaderParameter> FixtureOffer::header_parameters(std::string_view tool) const {
  if (tool != "test_parameter_in_header") return {};
  return {{"Region", {"region"}}};
}

}  // namespace kriya::tests
