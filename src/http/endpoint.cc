#include "http/endpoint.h"

#include "base/text.h"

namespace kriya::http {
namespace {

/// `application/json`, alone or with charset=utf-8 (RFC 8259 knows no other).
bool is_json(std::string_view content_type) {
  const std::size_t semicolon = content_type.find(';');
  if (!equals_ignoring_case(trim(content_type.substr(0, semicolon)), "application/json")) return false;
  if (semicolon == std::string_view::npos) return true;
  const std::string parameters = to_lower(content_type.substr(semicolon + 1));
  const std::size_t charset = parameters.find("charset=");
  if (charset == std::string::npos) return true;
  const std::string_view value = trim(std::string_view(parameters).substr(charset + 8));
  return value == "utf-8" || value == "\"utf-8\"" || value == "utf8";
}

}  // namespace

Result<json::value> json_body(const Request& request) {
  if (!request.has_body()) {
    return fail(Errc::length_required, "This request needs a JSON body with a Content-Length.");
  }
  const auto content_type = request.header("Content-Type");
  if (!content_type || !is_json(*content_type)) {
    return fail(Errc::unsupported_media_type, "Send the body as Content-Type: application/json, in UTF-8.");
  }
  if (request.body().empty()) return fail(Errc::invalid_json, "The body is empty; a JSON object is expected.");
  return parse_json(request.body());
}

bool is_in_path(std::string_view path, std::string_view member) {
  return path.find("{" + std::string(member) + "}") != std::string_view::npos;
}

}  // namespace kriya::http
