#include "mcp/json_rpc.h"

#include "mcp/protocol.h"

namespace kriya::mcp {
namespace {

Malformed invalid(std::string message, std::optional<RequestId> id = {}) {
  return {{rpc_code::kInvalidRequest, std::move(message)}, std::move(id)};
}

std::string write(json::object message) { return write_json(message); }

tl::expected<RpcError, Malformed> read_error(const json::value& value) {
  const json::object* error = value.if_object();
  const json::value* code = error == nullptr ? nullptr : error->if_contains("code");
  const json::string* message = error == nullptr ? nullptr : string_member(*error, "message");
  if (code == nullptr || !code->is_int64() || message == nullptr) {
    return tl::unexpected(invalid("An error must be an object with a whole number as code and a text as message."));
  }
  RpcError read{code->get_int64(), std::string(*message)};
  if (const json::value* data = error->if_contains("data")) read.data = *data;
  return read;
}

tl::expected<RpcMessage, Malformed> read_response(const json::object& message, std::optional<RequestId> id) {
  const json::value* result = message.if_contains("result");
  const json::value* error = message.if_contains("error");
  if ((result == nullptr) == (error == nullptr)) {
    return tl::unexpected(invalid("A message has either a method, or a result, or an error."));
  }
  if (result != nullptr) {
    if (!id || !result->is_object()) {
      return tl::unexpected(invalid("A response must have an id, and an object as its result."));
    }
    return RpcResponse{std::move(id), result->get_object()};
  }
  return read_error(*error).map(
      [&](RpcError read) { return RpcMessage(RpcResponse{std::move(id), tl::unexpected(std::move(read))}); });
}

}  // namespace

json::value to_json(const RequestId& id) {
  return std::visit([](const auto& value) { return json::value(value); }, id);
}

std::optional<RequestId> read_request_id(const json::value& value) {
  if (const auto* text = value.if_string()) return RequestId(std::string(*text));
  if (const auto* number = value.if_int64()) return RequestId(*number);
  return std::nullopt;
}

tl::expected<RpcMessage, Malformed> read_message(const json::value& document) {
  const json::object* message = document.if_object();
  if (message == nullptr) return tl::unexpected(invalid("A message must be one JSON object."));
  const json::value* id_value = message->if_contains("id");
  std::optional<RequestId> id;
  if (id_value != nullptr) id = read_request_id(*id_value);
  if (const auto* version = string_member(*message, "jsonrpc"); version == nullptr || *version != "2.0") {
    return tl::unexpected(invalid("The member jsonrpc must be \"2.0\".", id));
  }
  const json::value* method = message->if_contains("method");
  if (method == nullptr) {
    if (id_value != nullptr && !id && !id_value->is_null()) {
      return tl::unexpected(invalid("An id must be a text or a whole number."));
    }
    return read_response(*message, std::move(id));
  }
  if (!method->is_string() || method->get_string().empty()) {
    return tl::unexpected(invalid("The method must be a text.", id));
  }
  if (id_value != nullptr && !id) return tl::unexpected(invalid("An id must be a text or a whole number."));
  const json::value* params = message->if_contains("params");
  if (params != nullptr && !params->is_object()) return tl::unexpected(invalid("The params must be an object.", id));
  std::string name(method->get_string());
  json::object given = params == nullptr ? json::object() : params->get_object();
  if (id) return RpcRequest{*std::move(id), std::move(name), std::move(given)};
  return RpcNotification{std::move(name), std::move(given)};
}

tl::expected<RpcMessage, Malformed> parse_message(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return tl::unexpected(Malformed{{rpc_code::kParseError, document.error().detail}});
  return read_message(*document);
}

std::string write_request(const RequestId& id, std::string_view method, const json::object& params) {
  return write({{"jsonrpc", "2.0"}, {"id", to_json(id)}, {"method", method}, {"params", params}});
}

std::string write_notification(std::string_view method, const json::object& params) {
  json::object message{{"jsonrpc", "2.0"}, {"method", method}};
  if (!params.empty()) message["params"] = params;
  return write(std::move(message));
}

std::string write_result(const RequestId& id, const json::object& result) {
  return write({{"jsonrpc", "2.0"}, {"id", to_json(id)}, {"result", result}});
}

std::string write_error(const std::optional<RequestId>& id, const RpcError& error) {
  json::object described{{"code", error.code}, {"message", error.message}};
  if (!error.data.is_null()) described["data"] = error.data;
  json::object message{{"jsonrpc", "2.0"}};
  if (id) message["id"] = to_json(*id);
  message["error"] = std::move(described);
  return write(std::move(message));
}

}  // namespace kriya::mcp
