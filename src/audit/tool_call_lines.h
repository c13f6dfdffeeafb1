// A call as text: a line of tool_calls.json, a line of tool_calls.log.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audit/tool_log.h"

namespace kriya::audit {

/// The JSON object of an entry on one line, without its closing brace, which the chain adds (hash_chain.h). The
/// original service's fields come first and in its order: timestamp, session_id, tool_name, arguments, status,
/// duration_ms, result, metadata. Bytes that are no UTF-8 become U+FFFD.
std::string json_body(const ToolCallEntry& entry);

/// The same call for people, on one line whatever is in it: control characters, line breaks and bidirectional overrides
/// are written as escapes. Long arguments and results are cut; tool_calls.json has them whole.
std::string readable_body(const ToolCallEntry& entry);

/// Reads a whole line of tool_calls.json back. Nullopt when it is none.
std::optional<ToolCallEntry> read_json_line(std::string_view line);

/// Well-formed UTF-8 without NUL: whatever else is in `text` becomes U+FFFD.
std::string well_formed(std::string text);

/// At most `bytes` of well-formed UTF-8, cut between characters.
std::string_view cut(std::string_view text, std::size_t bytes);

/// A document that we wrote ourselves, which may be deeper than one from outside that stands within it. Null when it
/// is none.
json::value parse_own(std::string_view text);

}  // namespace kriya::audit
