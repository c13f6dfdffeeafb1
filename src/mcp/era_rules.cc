#include "mcp/era_rules.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace kriya::mcp {
namespace {

Refusal mismatch(std::string message) {
  return {400, {rpc_code::kHeaderMismatch, "Header mismatch: " + std::move(message)}};
}

Refusal bad_meta(std::string_view key, std::string_view what) {
  return {400, invalid_params("params._meta must have " + std::string(key) + ", " + std::string(what) + ".")};
}

bool has_modern_meta(const json::object* params) {
  const json::object* meta = params == nullptr ? nullptr : object_member(*params, "_meta");
  return meta != nullptr && (meta->contains(meta::kProtocolVersion) || meta->contains(meta::kClientCapabilities));
}

/// The member of params that Mcp-Name repeats; empty: none.
tl::expected<void, Refusal> check_standard_headers(const http::Request& request, std::string_view method,
                                                   const json::object& params) {
  const auto declared = request.header(header::kMethod);
  if (!declared) return tl::unexpected(mismatch("Mcp-Method is missing."));
  if (*declared != method || request.count(header::kMethod) > 1) {
    return tl::unexpected(mismatch("Mcp-Method is not the method of the body."));
  }
  const std::string_view member = named_member(method);
  if (member.empty()) return {};
  const json::string* wanted = string_member(params, member);
  if (wanted == nullptr) return {};  // the method itself says what is wrong with its params
  const auto value = request.header(header::kName);
  if (!value) return tl::unexpected(mismatch("Mcp-Name is missing."));
  const auto decoded = decode_header_value(*value);
  if (!decoded || *decoded != std::string_view(*wanted) || request.count(header::kName) > 1) {
    return tl::unexpected(mismatch("Mcp-Name is not params." + std::string(member) + " of the body."));
  }
  return {};
}

const json::value* at_path(const json::object& arguments, const std::vector<std::string>& path) {
  const json::object* object = &arguments;
  const json::value* value = nullptr;
  for (const std::string& name : path) {
    if (object == nullptr) return nullptr;
    value = object->if_contains(name);
    if (value == nullptr) return nullptr;
    object = value->if_object();
  }
  return value;
}

/// Whether a header says what an argument is. Numbers are compared as numbers (42.0 is 42).
bool same(std::string_view text, const json::value& value) {
  if (const auto* string = value.if_string()) return text == std::string_view(*string);
  if (const auto* boolean = value.if_bool()) return text == (*boolean ? "true" : "false");
  boost::system::error_code failure;
  const double number = value.to_number<double>(failure);
  if (failure) return false;
  double said = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), said);
  return error == std::errc() && end == text.data() + text.size() && said == number;
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::string_view named_member(std::string_view method) {
  if (method == method::kToolsCall || method == method::kPromptsGet) return "name";
  if (method == method::kResourcesRead) return "uri";
  return {};
}

const json::object* params_of(const RpcMessage& message) {
  if (const auto* request = std::get_if<RpcRequest>(&message)) return &request->params;
  if (const auto* notification = std::get_if<RpcNotification>(&message)) return &notification->params;
  return nullptr;
}

std::string_view method_of(const RpcMessage& message) {
  if (const auto* request = std::get_if<RpcRequest>(&message)) return request->method;
  if (const auto* notification = std::get_if<RpcNotification>(&message)) return notification->method;
  return {};
}

Era era_of(const http::Request& request, const RpcMessage& message) {
  const std::string_view method = method_of(message);
  if (method.empty()) return Era::legacy;
  if (has_modern_meta(params_of(message))) return Era::modern;
  if (method == method::kInitialize) return Era::legacy;
  if (method == method::kDiscover || method == method::kListen) return Era::modern;
  if (request.count(header::kSessionId) > 0) return Era::legacy;
  if (const auto declared = request.header(header::kProtocolVersion)) {
    const auto known = find_version(*declared);
    return known && era_of(*known) == Era::legacy ? Era::legacy : Era::modern;
  }
  return Era::legacy;
}

std::optional<Refusal> check_batch(const http::Request& request) {
  const auto declared = request.header(header::kProtocolVersion);
  if (!declared) return std::nullopt;
  const auto known = find_version(*declared);
  if (!known) return unsupported_version(*declared);
  if (era_of(*known) == Era::legacy) return std::nullopt;
  return Refusal{400,
                 {rpc_code::kInvalidRequest,
                  "Version " + std::string(*known) + " of the protocol has no batches: send one message a request."}};
}

tl::expected<ModernMeta, Refusal> check_modern(const http::Request& request, std::string_view method,
                                               const json::object& params) {
  const json::object* meta = object_member(params, "_meta");
  if (meta == nullptr) return tl::unexpected(bad_meta(meta::kProtocolVersion, "the version of the protocol"));
  const json::string* version = string_member(*meta, meta::kProtocolVersion);
  if (version == nullptr) return tl::unexpected(bad_meta(meta::kProtocolVersion, "the version of the protocol"));
  const json::object* capabilities = object_member(*meta, meta::kClientCapabilities);
  if (capabilities == nullptr) return tl::unexpected(bad_meta(meta::kClientCapabilities, "an object, even if empty"));

  const auto declared = request.header(header::kProtocolVersion);
  if (!declared) return tl::unexpected(mismatch("MCP-Protocol-Version is missing."));
  if (*declared != std::string_view(*version) || request.count(header::kProtocolVersion) > 1) {
    return tl::unexpected(mismatch("MCP-Protocol-Version is not the version of the body."));
  }
  const auto known = find_version(*version);
  if (!known || era_of(*known) != Era::modern) return tl::unexpected(unsupported_version(*version));
  if (auto good = check_standard_headers(request, method, params); !good) return tl::unexpected(good.error());

  ModernMeta read{.version = *known, .capabilities = *capabilities};
  if (const json::object* client = object_member(*meta, meta::kClientInfo)) read.client = *client;
  if (const json::string* level = string_member(*meta, meta::kLogLevel)) {
    read.log_level = parse_log_level(*level);
    if (!read.log_level) return tl::unexpected(bad_meta(meta::kLogLevel, "if at all, as a level that exists"));
  }
  read.progress_token = progress_token(params);
  return read;
}

tl::expected<void, Refusal> check_parameter_headers(const http::Request& request, const json::object& arguments,
                                                    const std::vector<HeaderParameter>& parameters) {
  for (const HeaderParameter& parameter : parameters) {
    const std::string name = std::string(header::kParamPrefix) + parameter.header;
    const json::value* argument = at_path(arguments, parameter.path);
    const auto value = request.header(name);
    if (argument == nullptr || argument->is_null()) {
      if (value) return tl::unexpected(mismatch(name + " repeats an argument that is not there."));
      continue;
    }
    if (!value) return tl::unexpected(mismatch(name + " is missing."));
    const auto decoded = decode_header_value(*value);
    if (!decoded) return tl::unexpected(mismatch(name + " holds what no header may, or broken base64."));
    if (!same(*decoded, *argument) || request.count(name) > 1) {
      return tl::unexpected(mismatch(name + " is not the argument of the body."));
    }
  }
  return {};
}

std::optional<RequestId> progress_token(const json::object& params) {
  const json::object* meta = object_member(params, "_meta");
  const json::value* token = meta == nullptr ? nullptr : meta->if_contains(meta::kProgressToken);
  return token == nullptr ? std::nullopt : read_request_id(*token);
}

std::string_view negotiate(std::string_view requested) {
  const auto known = find_version(requested);
  return known && era_of(*known) == Era::legacy ? *known : version::kLatestLegacy;
}

json::array supported_versions() {
  json::array versions;
  for (const std::string_view one : version::kSupported) versions.emplace_back(one);
  return versions;
}

Refusal unsupported_version(std::string_view requested) {
  return {400,
          {rpc_code::kUnsupportedVersion, "Unsupported protocol version.",
           json::object{{"supported", supported_versions()}, {"requested", requested}}}};
}

std::optional<RpcError> check_cursor(const json::object& params) {
  if (!params.contains("cursor")) return std::nullopt;
  return invalid_params("Invalid cursor: everything was on the first page.");
}

std::string_view capability_for(std::string_view method) {
  if (method == method::kCreateMessage) return "sampling";
  if (method == method::kElicit) return "elicitation";
  if (method == method::kRootsList) return "roots";
  return {};
}

json::object undeclared(const json::object& input_requests, const json::object& capabilities) {
  json::object missing;
  for (const auto& [key, request] : input_requests) {
    const json::object* object = request.if_object();
    const json::string* method = object == nullptr ? nullptr : string_member(*object, "method");
    const std::string_view needed = method == nullptr ? std::string_view() : capability_for(*method);
    if (!needed.empty() && object_member(capabilities, needed) == nullptr) missing[needed] = json::object();
  }
  return missing;
}

std::string trace_id(std::string_view traceparent) {
  // version "-" trace-id "-" parent-id "-" flags
  if (traceparent.size() < 55 || traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') return {};
  const std::string_view id = traceparent.substr(3, 32);
  if (!is_hex(traceparent.substr(0, 2)) || !is_hex(id) || traceparent.starts_with("ff")) return {};
  if (id.find_first_not_of('0') == std::string_view::npos) return {};
  return std::string(id);
}

}  // namespace kriya::mcp
