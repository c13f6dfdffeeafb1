// JSON-RPC 2.0 messages as MCP uses them: read strictly, written as one line of text. No sockets, no eras.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <tl/expected.hpp>

#include "base/json.h"

namespace kriya::mcp {

/// Of a request: a text or a whole number, never null. The number 1 and the text "1" are two ids.
using RequestId = std::variant<std::int64_t, std::string>;

json::value to_json(const RequestId& id);
std::optional<RequestId> read_request_id(const json::value& value);  // nullopt: no text and no whole number

/// The `error` of a response. `data` is left out where it is null.
struct RpcError {
  std::int64_t code = 0;
  std::string message;  // for a person to read
  json::value data = nullptr;
};

struct RpcRequest {
  RequestId id;
  std::string method;
  json::object params = {};  // empty where the message has none
};

struct RpcNotification {
  std::string method;
  json::object params = {};
};

struct RpcResponse {
  std::optional<RequestId> id;  // none: the other side could not read the id of what it answers
  tl::expected<json::object, RpcError> outcome;
};

using RpcMessage = std::variant<RpcRequest, RpcNotification, RpcResponse>;

/// What is no message, and how to answer it.
struct Malformed {
  RpcError error;  // parse_error or invalid_request
  std::optional<RequestId> id = {};
};

/// Reads one message that is parsed already. The document may share memory with what comes out of it.
tl::expected<RpcMessage, Malformed> read_message(const json::value& document);

/// Reads the text of one message: JSON by the rules of parse_json (32 levels, no name twice). Limits on size are the
/// caller's. A batch, which is an array, is invalid_request.
tl::expected<RpcMessage, Malformed> parse_message(std::string_view text);

std::string write_request(const RequestId& id, std::string_view method, const json::object& params);
std::string write_notification(std::string_view method, const json::object& params = {});
std::string write_result(const RequestId& id, const json::object& result);

/// `id` none: null would be what JSON-RPC says, but MCP's schema knows no null and leaves it out.
std::string write_error(const std::optional<RequestId>& id, const RpcError& error);

}  // namespace kriya::mcp
