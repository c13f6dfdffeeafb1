// Which era a request is of, and what a modern one must bring: plain functions over a request and its message.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "http/message.h"
#include "mcp/offer.h"
#include "mcp/protocol.h"

namespace kriya::mcp {

/// An answer that refuses a message.
struct Refusal {
  int status = 400;
  RpcError error;
};

/// The params of a request or notification; null for a response.
const json::object* params_of(const RpcMessage& message);
std::string_view method_of(const RpcMessage& message);  // empty: a response

/// Modern: what has modern `_meta`, or else a modern (or unknown) protocol header without a session, or a method that
/// only the modern era has. `initialize` without modern `_meta` is legacy, whatever its headers say. Responses are
/// legacy: modern clients send none.
Era era_of(const http::Request& request, const RpcMessage& message);

/// Why a batch is refused by the version that its header names: modern versions have none, and of an unknown one nobody
/// knows. Nullopt: a session of the legacy era decides.
std::optional<Refusal> check_batch(const http::Request& request);

/// What `_meta` of a modern request says.
struct ModernMeta {
  std::string_view version;  // static storage
  json::object capabilities;
  json::object client = {};                      // empty: it did not say
  std::optional<LogLevel> log_level = {};        // none: it wants no log messages
  std::optional<RequestId> progress_token = {};  // none: it wants no progress
};

/// Checks `_meta`, then the headers against the body. Errors: kInvalidParams (meta), kHeaderMismatch,
/// kUnsupportedVersion; all with 400.
tl::expected<ModernMeta, Refusal> check_modern(const http::Request& request, std::string_view method,
                                               const json::object& params);

/// Checks `Mcp-Param-*` against the arguments of a tool call. Errors: kHeaderMismatch.
tl::expected<void, Refusal> check_parameter_headers(const http::Request& request, const json::object& arguments,
                                                    const std::vector<HeaderParameter>& parameters);

std::optional<RequestId> progress_token(const json::object& params);

/// The legacy version that an `initialize` is answered with: the one that it asks for, else the newest.
std::string_view negotiate(std::string_view requested);

/// The supported versions, as data of kUnsupportedVersion and as `supportedVersions`.
json::array supported_versions();
Refusal unsupported_version(std::string_view requested);

/// A cursor is refused: all lists fit into one page here. Null: fine.
std::optional<RpcError> check_cursor(const json::object& params);

/// What a modern client must have declared before it may be sent these `inputRequests`; empty: it has.
json::object undeclared(const json::object& input_requests, const json::object& capabilities);
/// The capability that a client needs to answer this method; empty for a method that no server may send.
std::string_view capability_for(std::string_view method);

/// The trace id of a `traceparent` (W3C Trace Context, level 1); empty: none, or malformed.
std::string trace_id(std::string_view traceparent);

/// The member of params that says what a method is called with: "name" or "uri"; empty for methods without one.
std::string_view named_member(std::string_view method);

}  // namespace kriya::mcp
