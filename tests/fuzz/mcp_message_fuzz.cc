// Any headers and any body as a message of MCP: which era it is of, what a modern one must bring, and the ids and
// states that clients give back. The input: header lines, an empty line, the body.
#include <cstdlib>

#include "crypto/digest.h"
#include "mcp/era_rules.h"
#include "mcp/event_stream.h"
#include "mcp/request_state.h"
#include "mcp/session_ids.h"

namespace {

using namespace kriya;

http::Request read_head(std::string_view& input) {
  http::Request request;
  request.set_start("POST", "/mcp", 1);
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) request.add_header(line.substr(0, colon), line.substr(colon + 1));
  }
  return request;
}

void check_headers(const http::Request& request) {
  const std::string_view name = request.header(mcp::header::kName).value_or("");
  if (const auto text = mcp::decode_header_value(name)) {
    if (mcp::decode_header_value(mcp::encode_header_value(*text)) != *text) std::abort();
  }
  if (const auto id = mcp::EventId::parse(request.header(mcp::header::kLastEventId).value_or(""))) {
    if (mcp::EventId::parse(id->str())->number != id->number) std::abort();
  }
  const SystemClock clock;
  const Secret key("a key for fuzzing");
  if (mcp::SessionIds(key, clock).read(request.header(mcp::header::kSessionId).value_or(""), "user:1")) std::abort();
  if (mcp::RequestStates(key, clock).open(name, {"user:1", "tools/call", "x"})) std::abort();
  mcp::trace_id(request.header("traceparent").value_or(""));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const http::Request request = read_head(input);
  check_headers(request);
  const auto message = mcp::parse_message(input);
  if (!message) {
    mcp::write_error(message.error().id, message.error().error);
    return 0;
  }
  mcp::era_of(request, *message);
  const json::object* params = mcp::params_of(*message);
  if (params == nullptr) return 0;
  const auto checked = mcp::check_modern(request, mcp::method_of(*message), *params);
  if (checked && checked->version != mcp::version::k2026_07_28) std::abort();
  mcp::check_parameter_headers(request, *params, {{"A", {"a"}}, {"B", {"_meta", "b"}}});
  mcp::undeclared(*params, {});
  if (const auto* rpc = std::get_if<mcp::RpcRequest>(&*message)) {
    const auto again = mcp::parse_message(mcp::write_request(rpc->id, rpc->method, rpc->params));
    if (!again || std::get<mcp::RpcRequest>(*again).id != rpc->id) std::abort();
  }
  return 0;
}
