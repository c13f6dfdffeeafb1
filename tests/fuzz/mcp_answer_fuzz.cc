// What another MCP server answers: JSON or a stream of events, the version it wants, its tools, a tool's result. The
// first byte says how it comes and how it is cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mcp/client/negotiation.h"
#include "mcp/client/tool_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kriya::mcp::client;
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool is_stream = (data[0] & 1) != 0;
  const std::size_t cut = body.empty() ? 0 : (data[0] >> 3) % body.size();
  kriya::http::client::Response head;
  head.status = (data[0] & 2) != 0 ? 200 : 400;
  head.headers = {{"Content-Type", is_stream ? "text/event-stream" : "application/json"}};

  AnswerReader reader(kriya::mcp::RequestId(1));
  reader.begin(head);
  if (!reader.take(body.substr(0, cut)) || !reader.take(body.substr(cut)) || !reader.end()) return 0;
  const Reply& reply = reader.reply();
  // An agreement is always one that this client speaks.
  if (const auto verdict = judge_discovery(reply, kriya::mcp::version::kLatest)) {
    if (const auto* agreement = std::get_if<Agreement>(&*verdict)) {
      if (!kriya::mcp::find_version(agreement->version)) std::abort();
    }
  }
  static_cast<void>(judge_initialize(reply));
  if (const auto* result = reply.result()) {
    static_cast<void>(read_tool_result(*result));
    if (const auto page = read_tool_page(*result, kriya::mcp::Era::modern, "peer")) {
      for (const ForeignTool& tool : page->tools) {
        if (tool.spec->name.empty()) std::abort();
        static_cast<void>(parameter_headers(tool.header_parameters, *result));
      }
    }
  }
  return 0;
}
