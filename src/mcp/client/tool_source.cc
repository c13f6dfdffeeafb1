#include "mcp/client/tool_source.h"

#include <set>

#include "mcp/client/failures.h"

namespace kriya::mcp::client {
namespace {

using tools::CallContext;
using tools::ToolCall;
using tools::ToolResult;

double number_of(const json::object& object, std::string_view name, double otherwise) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return otherwise;
  return value->to_number<double>();
}

/// Tells the caller how far the call has come, when the notification is about it.
void tell_progress(const RpcNotification& heard, const RequestId& id, const CallContext& context) {
  if (heard.method != notification::kProgress || !context.progress) return;
  const json::value* token = heard.params.if_contains(meta::kProgressToken);
  if (token == nullptr || read_request_id(*token) != id) return;
  const json::string* message = string_member(heard.params, "message");
  std::optional<double> total;
  if (heard.params.contains("total")) total = number_of(heard.params, "total", 0);
  context.progress(number_of(heard.params, "progress", 0), total,
                   message == nullptr ? std::string() : std::string(*message));
}

/// The server looks at headers that this client does not know to send: the tool has changed since it was listed.
bool asks_for_other_headers(const Error& error) { return error.code == Errc::conflict; }

}  // namespace

std::shared_ptr<const McpToolSource::Known> McpToolSource::known() const {
  const std::scoped_lock lock(mutex_);
  return known_;
}

std::vector<std::string> McpToolSource::refused() const {
  const std::scoped_lock lock(mutex_);
  return refused_;
}

Task<Result<std::vector<std::shared_ptr<const tools::ToolSpec>>>> McpToolSource::list(http::Principal,
                                                                                      Deadline deadline) {
  return read_list(deadline);
}

Task<Result<std::vector<std::shared_ptr<const tools::ToolSpec>>>> McpToolSource::read_list(Deadline deadline) {
  std::vector<std::shared_ptr<const tools::ToolSpec>> specs;
  std::vector<std::string> refused;
  auto found = std::make_shared<Known>();
  std::set<std::string> seen;
  std::string cursor;
  Era era = Era::modern;
  for (std::size_t pages = 0; pages < kMostPages; ++pages) {
    const auto make = [&](const Agreement& agreement, const RequestId&) -> Result<Outgoing> {
      era = agreement.era();
      Outgoing outgoing{.method = std::string(method::kToolsList)};
      if (!cursor.empty()) outgoing.params["cursor"] = cursor;
      return outgoing;
    };
    const auto result = co_await connection_.call(make, {}, deadline);
    if (!result) co_return fail(result.error());
    auto page = read_tool_page(*result, era, connection_.server().name);
    if (!page) co_return fail(page.error());
    for (ForeignTool& tool : page->tools) {
      if (specs.size() >= kMostTools) co_return fail(Errc::bad_request, "The MCP server has more than 1,000 tools.");
      if (!found->contains(tool.spec->name)) {
        specs.push_back(tool.spec);
        const std::string name = tool.spec->name;
        found->emplace(name, std::move(tool));
      } else {
        refused.push_back(tool.spec->name + ": it is listed twice");
      }
    }
    for (std::string& words : page->refused) refused.push_back(std::move(words));
    cursor = page->next_cursor;
    if (cursor.empty()) break;
    if (!seen.insert(cursor).second) co_return fail(Errc::bad_request, "The MCP server's list of tools has no end.");
  }
  const std::scoped_lock lock(mutex_);
  known_ = std::move(found);
  refused_ = std::move(refused);
  co_return specs;
}

Task<Result<ToolResult>> McpToolSource::call(ToolCall call, CallContext context) {
  for (bool listed = false;; listed = true) {
    auto tools = known();
    if (!tools || listed || !tools->contains(call.name)) {
      const auto specs = co_await read_list(context.deadline);
      if (!specs) co_return fail(specs.error());
      tools = known();
      listed = true;
    }
    const auto tool = tools->find(call.name);
    if (tool == tools->end()) co_return fail(Errc::not_found, "There is no such tool.");
    const auto result = co_await call_once(call, context, tool->second);
    if (!result && !listed && asks_for_other_headers(result.error())) continue;
    if (!result && context.deadline.stop().stop_requested()) {
      co_return ToolResult::of_error("cancelled", "The call was cancelled.");
    }
    if (!result) co_return failed_call(result.error());
    auto read = read_tool_result(*result);
    co_return read ? *std::move(read) : failed_call(read.error());
  }
}

Task<Result<json::object>> McpToolSource::call_once(const ToolCall& call, const CallContext& context,
                                                    const ForeignTool& tool) {
  RequestId id;
  const auto make = [&](const Agreement& agreement, const RequestId& given) -> Result<Outgoing> {
    id = given;
    Outgoing outgoing{.method = std::string(method::kToolsCall)};
    outgoing.params = {{"name", call.name}, {"arguments", call.arguments}};
    if (context.progress) outgoing.params["_meta"] = {{meta::kProgressToken, to_json(given)}};
    if (agreement.era() == Era::modern) {
      auto headers = parameter_headers(tool.header_parameters, call.arguments);
      if (!headers) return fail(headers.error());
      outgoing.headers = *std::move(headers);
    }
    return outgoing;
  };
  const auto heard = [&](const RpcNotification& notification) { tell_progress(notification, id, context); };
  co_return co_await connection_.call(make, heard, context.deadline);
}

}  // namespace kriya::mcp::client
