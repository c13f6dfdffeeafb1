// The words of the Model Context Protocol (modelcontextprotocol.io/specification): versions, methods, headers, keys of
// `_meta`, error codes. Two eras share one endpoint: "modern" versions carry everything in each request; "legacy" ones
// begin with `initialize` and have sessions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kriya::mcp {

enum class Era { legacy, modern };

namespace version {
constexpr std::string_view k2025_03_26 = "2025-03-26";  // batches; no MCP-Protocol-Version header yet
constexpr std::string_view k2025_06_18 = "2025-06-18";  // structuredContent, elicitation, titles
constexpr std::string_view k2025_11_25 = "2025-11-25";  // closed streams may be polled (SEP-1699)
constexpr std::string_view k2026_07_28 = "2026-07-28";  // modern: no sessions
constexpr std::string_view kLatest = k2026_07_28;
constexpr std::string_view kLatestLegacy = k2025_11_25;
/// Newest first. They are dates: comparing the texts compares the ages.
constexpr std::array kSupported{k2026_07_28, k2025_11_25, k2025_06_18, k2025_03_26};
}  // namespace version

/// The supported version of that name, in static storage; nullopt: none.
std::optional<std::string_view> find_version(std::string_view name);
Era era_of(std::string_view version);

namespace method {
constexpr std::string_view kDiscover = "server/discover";           // modern
constexpr std::string_view kListen = "subscriptions/listen";        // modern
constexpr std::string_view kInitialize = "initialize";              // legacy
constexpr std::string_view kPing = "ping";                          // legacy
constexpr std::string_view kSetLogLevel = "logging/setLevel";       // legacy
constexpr std::string_view kSubscribe = "resources/subscribe";      // legacy
constexpr std::string_view kUnsubscribe = "resources/unsubscribe";  // legacy
constexpr std::string_view kToolsList = "tools/list";
constexpr std::string_view kToolsCall = "tools/call";
constexpr std::string_view kResourcesList = "resources/list";
constexpr std::string_view kTemplatesList = "resources/templates/list";
constexpr std::string_view kResourcesRead = "resources/read";
constexpr std::string_view kPromptsList = "prompts/list";
constexpr std::string_view kPromptsGet = "prompts/get";
constexpr std::string_view kComplete = "completion/complete";
// What a server asks a client: as requests in the legacy era, inside `inputRequests` in the modern one.
constexpr std::string_view kCreateMessage = "sampling/createMessage";
constexpr std::string_view kElicit = "elicitation/create";
constexpr std::string_view kRootsList = "roots/list";
}  // namespace method

namespace notification {
constexpr std::string_view kInitialized = "notifications/initialized";
constexpr std::string_view kCancelled = "notifications/cancelled";
constexpr std::string_view kProgress = "notifications/progress";
constexpr std::string_view kMessage = "notifications/message";
constexpr std::string_view kToolsChanged = "notifications/tools/list_changed";
constexpr std::string_view kPromptsChanged = "notifications/prompts/list_changed";
constexpr std::string_view kResourcesChanged = "notifications/resources/list_changed";
constexpr std::string_view kResourceUpdated = "notifications/resources/updated";
constexpr std::string_view kRootsChanged = "notifications/roots/list_changed";
constexpr std::string_view kAcknowledged = "notifications/subscriptions/acknowledged";
}  // namespace notification

namespace header {
constexpr std::string_view kSessionId = "Mcp-Session-Id";              // legacy
constexpr std::string_view kProtocolVersion = "MCP-Protocol-Version";  // since 2025-06-18
constexpr std::string_view kMethod = "Mcp-Method";                     // modern
constexpr std::string_view kName = "Mcp-Name";                         // modern: params.name or params.uri
constexpr std::string_view kParamPrefix = "Mcp-Param-";                // modern: arguments with x-mcp-header
constexpr std::string_view kLastEventId = "Last-Event-ID";             // legacy
}  // namespace header

/// Keys of `params._meta` and `result._meta`.
namespace meta {
constexpr std::string_view kProtocolVersion = "io.modelcontextprotocol/protocolVersion";
constexpr std::string_view kClientCapabilities = "io.modelcontextprotocol/clientCapabilities";
constexpr std::string_view kClientInfo = "io.modelcontextprotocol/clientInfo";
constexpr std::string_view kServerInfo = "io.modelcontextprotocol/serverInfo";
constexpr std::string_view kLogLevel = "io.modelcontextprotocol/logLevel";
constexpr std::string_view kSubscriptionId = "io.modelcontextprotocol/subscriptionId";
constexpr std::string_view kProgressToken = "progressToken";
constexpr std::string_view kTraceParent = "traceparent";
}  // namespace meta

namespace rpc_code {
constexpr std::int64_t kParseError = -32700;
constexpr std::int64_t kInvalidRequest = -32600;
constexpr std::int64_t kMethodNotFound = -32601;
constexpr std::int64_t kInvalidParams = -32602;
constexpr std::int64_t kInternalError = -32603;
constexpr std::int64_t kLegacyServerError = -32000;       // what other servers of the legacy era say of the transport
constexpr std::int64_t kSessionNotFound = -32001;         // legacy, with status 404
constexpr std::int64_t kLegacyResourceNotFound = -32002;  // modern: kInvalidParams
constexpr std::int64_t kHeaderMismatch = -32020;          // modern
constexpr std::int64_t kMissingCapability = -32021;       // modern
constexpr std::int64_t kUnsupportedVersion = -32022;      // modern
}  // namespace rpc_code

/// A text as a header's value: itself where it can travel so, else `=?base64?...?=` (2026-07-28, "Value Encoding").
std::string encode_header_value(std::string_view text);

/// Undoes it. Nullopt when what should be base64 is none, or when the value holds what no header may.
std::optional<std::string> decode_header_value(std::string_view value);

}  // namespace kriya::mcp
