#include "tools/tool_errors.h"

namespace kriya::tools {
namespace {

const char* kind_of(Errc code) {
  switch (code) {
    case Errc::invalid_fields:
    case Errc::bad_request:
      return "arguments";
    case Errc::too_many_requests:
    case Errc::forbidden:
    case Errc::insufficient_scope:
    case Errc::opted_out:
    case Errc::phone_disabled:
    case Errc::reauthentication_required:
      return "denied";
    case Errc::unavailable:
    case Errc::overloaded:
    case Errc::model_unavailable:
    case Errc::verification_unavailable:
      return "unavailable";
    case Errc::internal:
      return "internal";
    default:
      return "tool";
  }
}

std::string words_of(const Error& error) {
  if (error.code == Errc::internal) return "The tool failed; something is wrong on our side.";
  if (!error.fields.empty()) {
    std::string text = "These arguments are not acceptable:";
    for (const FieldError& field : error.fields) {
      text.append("\n").append(field.field.empty() ? "arguments" : field.field).append(": ").append(field.message);
    }
    return text;
  }
  if (error.retry_after.count() > 0) {
    return error.detail + " Try again in " + std::to_string(error.retry_after.count()) + " s.";
  }
  const bool passes = error.code == Errc::unavailable || error.code == Errc::overloaded;
  return passes ? error.detail + " Try again later." : error.detail;
}

}  // namespace

ToolResult error_result(const Error& error) { return ToolResult::of_error(kind_of(error.code), words_of(error)); }

ToolResult error_result(const Error& error, const Deadline& deadline) {
  const bool for_want_of_time = error.code == Errc::unavailable || error.code == Errc::request_timeout;
  return for_want_of_time && deadline.passed() ? too_late(deadline) : error_result(error);
}

ToolResult too_late(const Deadline& deadline) {
  if (deadline.stop().stop_requested()) return ToolResult::of_error("cancelled", "The call was cancelled.");
  return ToolResult::of_error("timeout", "The tool did not answer in time.");
}

}  // namespace kriya::tools
