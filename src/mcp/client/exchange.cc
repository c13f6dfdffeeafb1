#include "mcp/client/exchange.h"

#include <charconv>
#include <utility>

#include "base/text.h"
#include "base/version.h"

namespace kriya::mcp::client {
namespace {

http::client::Request begin_request(const Server& server, const Agreement& agreement, std::string http_method) {
  http::client::Request request{.method = std::move(http_method), .url = server.url};
  if (!server.token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + std::string(server.token.reveal()));
  }
  if (!agreement.version.empty()) request.headers.emplace_back(header::kProtocolVersion, agreement.version);
  if (!agreement.session_id.empty()) request.headers.emplace_back(header::kSessionId, agreement.session_id);
  return request;
}

void add_body(http::client::Request& request, std::string body) {
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Accept", "application/json, text/event-stream");
  request.body = std::move(body);
}

/// What every request of the modern era says of its sender. No capability: nothing can be asked back.
void add_modern_meta(json::object& params, std::string_view version) {
  json::value& meta = params["_meta"];
  if (!meta.is_object()) meta = json::object();
  json::object& entries = meta.get_object();
  entries[meta::kProtocolVersion] = version;
  entries[meta::kClientInfo] = json::object{{"name", "kriya"}, {"version", kVersion}};
  entries[meta::kClientCapabilities] = json::object();
}

std::string header_of(const http::client::Response& head, std::string_view name) {
  return std::string(head.header(name).value_or(""));
}

std::chrono::seconds seconds_of(std::string_view text) {
  int seconds = 0;  // a date, which is allowed as well, counts as not said
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(error == std::errc() && end == text.data() + text.size() && seconds > 0 ? seconds : 0);
}

bool has_type(std::string_view content_type, std::string_view wanted) {
  return equals_ignoring_case(trim(content_type.substr(0, content_type.find(';'))), wanted);
}

}  // namespace

http::client::Request request_for(const Server& server, const Agreement& agreement, const RequestId& id,
                                  Outgoing outgoing) {
  http::client::Request request = begin_request(server, agreement, "POST");
  if (!agreement.version.empty() && agreement.era() == Era::modern) {
    add_modern_meta(outgoing.params, agreement.version);
    request.headers.emplace_back(header::kMethod, outgoing.method);
    const json::string* name = string_member(outgoing.params, "name");
    if (name == nullptr) name = string_member(outgoing.params, "uri");
    if (name != nullptr) request.headers.emplace_back(header::kName, encode_header_value(*name));
    for (auto& header : outgoing.headers) request.headers.push_back(std::move(header));
  }
  add_body(request, write_request(id, outgoing.method, outgoing.params));
  return request;
}

http::client::Request post_for(const Server& server, const Agreement& agreement, std::string message) {
  http::client::Request request = begin_request(server, agreement, "POST");
  add_body(request, std::move(message));
  return request;
}

http::client::Request resumption_for(const Server& server, const Agreement& agreement, std::string last_event_id) {
  http::client::Request request = begin_request(server, agreement, "GET");
  request.headers.emplace_back("Accept", "text/event-stream");
  request.headers.emplace_back(header::kLastEventId, std::move(last_event_id));
  return request;
}

http::client::Request goodbye_for(const Server& server, const Agreement& agreement) {
  return begin_request(server, agreement, "DELETE");
}

void AnswerReader::begin(const http::client::Response& head) {
  reply_.status = head.status;
  if (auto session = header_of(head, header::kSessionId); !session.empty()) reply_.session_id = std::move(session);
  reply_.challenge = header_of(head, "WWW-Authenticate");
  reply_.retry_after = seconds_of(header_of(head, "Retry-After"));
  is_stream_ = has_type(header_of(head, "Content-Type"), "text/event-stream");
  body_.clear();
  events_ = http::SseParser(kMostBytes);
}

Result<std::vector<Aside>> AnswerReader::take(std::string_view bytes) {
  std::vector<Aside> asides;
  if (!is_stream_) {
    if (bytes.size() > kMostBytes - body_.size()) return fail(Errc::bad_request, "The server's answer is too long.");
    body_ += bytes;
    return asides;
  }
  const auto events = events_.feed(bytes);
  if (!events) return fail(events.error());
  for (const http::SseEvent& event : *events) {
    if (event.data.empty()) continue;  // it only says where the stream can be taken up
    if (!event.event.empty() && event.event != "message") continue;
    if (auto taken = take_text(event.data, asides); !taken) return fail(taken.error());
  }
  if (!events_.last_id().empty()) last_event_id_ = events_.last_id();
  if (events_.retry()) retry_ = *events_.retry();
  return asides;
}

Result<std::vector<Aside>> AnswerReader::end() {
  std::vector<Aside> asides;
  if (is_stream_ || body_.empty()) return asides;
  const std::string body = std::exchange(body_, {});
  const auto taken = take_text(body, asides);
  // An error's body may be anything: a proxy's page, a problem document. Its status says enough.
  if (!taken && reply_.status < 300) return fail(taken.error());
  return asides;
}

Result<void> AnswerReader::take_text(std::string_view text, std::vector<Aside>& asides) {
  const auto document = parse_json(text);
  if (!document) return fail(Errc::bad_request, "The server's answer is no JSON.");
  const json::array* batch = document->if_array();  // of 2025-03-26
  if (batch == nullptr) return take_message(*document, asides);
  for (const json::value& message : *batch) {
    if (auto taken = take_message(message, asides); !taken) return taken;
  }
  return {};
}

Result<void> AnswerReader::take_message(const json::value& document, std::vector<Aside>& asides) {
  auto message = read_message(document);
  if (!message) return fail(Errc::bad_request, "The server's answer is no JSON-RPC: " + message.error().error.message);
  if (auto* response = std::get_if<RpcResponse>(&*message)) {
    // Without an id it can only be about what was asked here; another id is an answer to nobody.
    if (!reply_.response && (!response->id || *response->id == awaited_)) reply_.response = std::move(*response);
  } else if (auto* request = std::get_if<RpcRequest>(&*message)) {
    asides.emplace_back(std::move(*request));
  } else {
    asides.emplace_back(std::move(std::get<RpcNotification>(*message)));
  }
  return {};
}

}  // namespace kriya::mcp::client
