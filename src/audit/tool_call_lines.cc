#include "audit/tool_call_lines.h"

#include <cmath>

#include <boost/json/parse.hpp>

#include "base/text.h"

namespace kriya::audit {
namespace {

constexpr std::size_t kReadable = 1'024;
constexpr std::size_t kDeepest = 64;  // more than any arguments have, which stand within the line's object
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// The bytes of the character that `text` begins with; 0 when there is no well-formed one.
std::size_t character_size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return size <= text.size() && utf8_length(text.substr(0, size)) == 1U ? size : 0;
}

void append_member(std::string& out, std::string_view name, const std::string& text) {
  out.append(out.empty() ? "{\"" : ",\"").append(name).append("\":");
  append_json_string(out, utf8_length(text) ? text : well_formed(text));
}

void append_member(std::string& out, std::string_view name, std::int64_t number) {
  out.append(",\"").append(name).append("\":");
  append_json_number(out, number);
}

void append_member(std::string& out, std::string_view name, const json::object& object) {
  out.append(",\"").append(name).append("\":").append(write_json(object));
}

/// 1.25: milliseconds, to the microsecond.
std::string milliseconds(std::chrono::microseconds duration) {
  const std::int64_t micros = std::max<std::int64_t>(duration.count(), 0);
  std::string text = std::to_string(micros / 1000);
  if (micros % 1000 == 0) return text;
  text += "." + std::to_string(1000 + micros % 1000).substr(1);
  text.resize(text.find_last_not_of('0') + 1);
  return text;
}

/// Without anything that ends a line, moves the cursor or turns the direction of writing.
std::string on_one_line(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  const auto escape = [&](unsigned int c) {
    out += "\\u";
    for (const int shift : {12, 8, 4, 0}) out += digits[(c >> shift) & 15];
  };
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(size, 1));
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    text.remove_prefix(character.size());
    if (size == 0) {
      out += kReplacement;
    } else if (character == "\n") {
      out += "\\n";
    } else if (!has_control_character(character)) {
      out += character;
    } else if (size == 1) {
      escape(byte(0));
    } else if (size == 2) {
      escape((byte(0) & 0x1fU) << 6 | (byte(1) & 0x3fU));
    } else {
      escape((byte(0) & 0x0fU) << 12 | (byte(1) & 0x3fU) << 6 | (byte(2) & 0x3fU));
    }
  }
  return out;
}

std::string shortened(std::string_view text) {
  const std::string_view kept = cut(text, kReadable);
  return on_one_line(kept) + (kept.size() < text.size() ? "…" : "");
}

/// A value among words: quoted when it would not stand as one word.
void append_word(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append(" ").append(name).append("=");
  const bool plain = value.find_first_of(" \"=\\#") == std::string_view::npos;
  if (plain) {
    out += shortened(value);
  } else {
    std::string quoted;
    append_json_string(quoted, cut(value, kReadable));
    out += on_one_line(quoted);
  }
}

class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  bool good() const { return good_; }

  std::string text(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    const json::string* string = value == nullptr ? nullptr : value->if_string();
    return string == nullptr ? (good_ = false, std::string()) : std::string(*string);
  }
  std::int64_t number(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    const std::int64_t* number = value == nullptr ? nullptr : value->if_int64();
    return number == nullptr ? (good_ = false, 0) : *number;
  }
  std::chrono::microseconds duration(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr || !value->is_number()) return good_ = false, std::chrono::microseconds();
    const double millis = value->to_number<double>();
    if (!(millis >= 0 && millis < 1e12)) return good_ = false, std::chrono::microseconds();
    return std::chrono::microseconds(std::llround(millis * 1000));
  }
  json::object object(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    const json::object* object = value == nullptr ? nullptr : value->if_object();
    // A copy in memory of its own: the document's is one block that goes as a whole.
    return object == nullptr ? (good_ = false, json::object()) : json::object(*object, json::storage_ptr());
  }
  std::optional<Uuid> optional_uuid(std::string_view name) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    return uuid(name);
  }
  Uuid uuid(std::string_view name) {
    const auto id = Uuid::parse(text(name));
    return id ? *id : (good_ = false, Uuid());
  }
  Timestamp time(std::string_view name) {
    const auto time = parse_rfc3339(text(name));
    return time ? *time : (good_ = false, Timestamp());
  }

 private:
  const json::object& object_;
  bool good_ = true;
};

}  // namespace

std::string json_body(const ToolCallEntry& entry) {
  std::string out;
  append_member(out, "timestamp", to_rfc3339(entry.at));
  append_member(out, "session_id", entry.session_id);
  append_member(out, "tool_name", entry.tool_name);
  append_member(out, "arguments", entry.arguments);
  append_member(out, "status", std::string(entry.success ? "success" : "error"));
  out.append(",\"duration_ms\":").append(milliseconds(entry.duration));
  append_member(out, "result", entry.result);
  append_member(out, "metadata", entry.metadata);
  if (entry.user_id) {
    append_member(out, "user_id", entry.user_id->str());
  } else {
    out += ",\"user_id\":null";
  }
  append_member(out, "client_id", entry.client_id);
  append_member(out, "via", entry.via);
  append_member(out, "upstream", entry.upstream);
  append_member(out, "decision", entry.decision);
  append_member(out, "error_kind", entry.error_kind);
  append_member(out, "request_id", entry.request_id);
  append_member(out, "trace_id", entry.trace_id);
  append_member(out, "client_address", entry.client_address);
  append_member(out, "argument_bytes", entry.argument_bytes);
  append_member(out, "result_bytes", entry.result_bytes);
  append_member(out, "redactions", entry.redactions);
  append_member(out, "id", entry.id.str());
  return out;
}

std::string readable_body(const ToolCallEntry& entry) {
  std::string out = to_rfc3339(entry.at) + (entry.success ? " success " : " error ") + shortened(entry.tool_name);
  out += " " + shortened(write_json(entry.arguments));
  out += " " + milliseconds(entry.duration) + "ms";
  if (entry.user_id) append_word(out, "user", entry.user_id->str());
  append_word(out, "client", entry.client_id);
  append_word(out, "session", entry.session_id);
  append_word(out, "via", entry.via);
  append_word(out, "upstream", entry.upstream);
  append_word(out, "decision", entry.decision);
  append_word(out, "error", entry.error_kind);
  append_word(out, "request", entry.request_id);
  append_word(out, "address", entry.client_address);
  append_word(out, "id", entry.id.str());
  return out + " -> " + shortened(entry.result);
}

std::optional<ToolCallEntry> read_json_line(std::string_view line) {
  const json::value document = parse_own(line);
  const json::object* object = document.if_object();
  if (object == nullptr) return std::nullopt;
  Reader from(*object);
  ToolCallEntry entry{.id = from.uuid("id"),
                      .at = from.time("timestamp"),
                      .session_id = from.text("session_id"),
                      .tool_name = from.text("tool_name"),
                      .arguments = from.object("arguments"),
                      .success = from.text("status") == "success",
                      .duration = from.duration("duration_ms"),
                      .result = from.text("result"),
                      .metadata = from.object("metadata"),
                      .user_id = from.optional_uuid("user_id"),
                      .client_id = from.text("client_id"),
                      .via = from.text("via"),
                      .upstream = from.text("upstream"),
                      .decision = from.text("decision"),
                      .error_kind = from.text("error_kind"),
                      .request_id = from.text("request_id"),
                      .trace_id = from.text("trace_id"),
                      .client_address = from.text("client_address"),
                      .argument_bytes = from.number("argument_bytes"),
                      .result_bytes = from.number("result_bytes"),
                      .redactions = from.number("redactions")};
  if (!from.good()) return std::nullopt;
  return entry;
}

std::string well_formed(std::string text) {
  if (utf8_length(text) && text.find('\0') == std::string::npos) return text;
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t size = rest.front() == '\0' ? 0 : character_size(rest);
    out += size == 0 ? kReplacement : rest.substr(0, size);
    rest.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

json::value parse_own(std::string_view text) {
  json::parse_options options;
  options.max_depth = kDeepest;
  boost::system::error_code ec;
  json::value document = json::parse(text, ec, {}, options);
  return ec ? json::value() : document;
}

}  // namespace kriya::audit
