// Tools declared by described structs: arguments are read, results written and schemas made from them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "schema/described.h"
#include "schema/json_schema.h"
#include "tools/own_tool.h"
#include "tools/tool_schema.h"

namespace kriya::tools {

/// The arguments of a tool that takes none.
struct NoArguments {};
BOOST_DESCRIBE_STRUCT(NoArguments, (), ())

template <class In, class Out>
struct TypedTool {
  std::string name;
  std::string title;
  std::string description;  // for models: what it does, when to use it, what to do with the result
  Annotations annotations = {};
  std::string scope = {};
  bool for_people_alone = false;
  std::vector<std::string> secret_arguments = {};
  std::vector<FieldText> arguments = {};  // what they mean, where name and type do not say it
  CallLimit limit = {};

  /// The result as text; empty: its JSON.
  std::function<std::string(const Out&)> say = {};

  /// See Invocation. No capturing lambda that is a coroutine, but one that calls a coroutine.
  std::function<Task<Result<Out>>(In, CallContext)> run;
};

template <class In, class Out>
Task<Result<ToolResult>> run_typed(std::shared_ptr<const TypedTool<In, Out>> tool, In input, CallContext context) {
  const auto output = co_await tool->run(std::move(input), std::move(context));
  if (!output) co_return fail(output.error());
  std::string text = schema::write(*output);
  json::object structured = parse_json(text).value().as_object();
  ToolResult result = ToolResult::of_text(tool->say ? tool->say(*output) : std::move(text));
  result.structured = std::move(structured);
  co_return result;
}

template <class In, class Out>
Result<Invocation> read_call(const std::shared_ptr<const TypedTool<In, Out>>& tool, const json::object& arguments) {
  In input{};
  schema::FieldErrors errors;
  schema::read_members(arguments, input, errors);
  if (!errors.empty()) return fail(std::move(errors).as_error());
  return [tool, input = std::move(input)](CallContext context) mutable {
    return run_typed(tool, std::move(input), std::move(context));
  };
}

/// Throws std::logic_error when `arguments` names a field that there is not.
template <class In, class Out>
OwnTool make_tool(TypedTool<In, Out> declared) {
  schema::Components in;
  json::object input_schema = in.inline_schema_of<In>();
  schema::Components out;
  json::object output_schema = out.inline_schema_of<Out>();
  ToolSpec spec{.name = declared.name,
                .title = declared.title,
                .description = declared.description,
                .input_schema = self_contained(std::move(input_schema), std::move(in).take(), declared.arguments),
                .output_schema = self_contained(std::move(output_schema), std::move(out).take(), {}),
                .annotations = declared.annotations,
                .scope = declared.scope,
                .for_people_alone = declared.for_people_alone,
                .secret_arguments = declared.secret_arguments};
  CallLimit limit = declared.limit;
  auto tool = std::make_shared<const TypedTool<In, Out>>(std::move(declared));
  return {.spec = std::make_shared<const ToolSpec>(std::move(spec)),
          .limit = std::move(limit),
          .read = [tool = std::move(tool)](const json::object& arguments) { return read_call(tool, arguments); }};
}

}  // namespace kriya::tools
