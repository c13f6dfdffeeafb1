// The `.env` file format.
#pragma once

#include <string_view>

#include <tl/expected.hpp>

#include "config/problem.h"

namespace kriya::config {

/// Reads lines of NAME=VALUE, with or without `export` in front. Names are letters, digits and '_', not beginning with
/// a digit; a name that stands twice has its last value.
///
///   - Unquoted: up to the end of the line or a '#' after white space; white space around it is dropped.
///   - 'single quotes': as it stands, over several lines if need be.
///   - "double quotes": the same with \n \r \t \" \\ \$; any other backslash stays as it is.
///   - After a closing quote only white space and a comment may follow.
///   - CRLF line ends (also inside quotes) count as LF; a UTF-8 byte order mark is skipped.
///
/// `$NAME` is not expanded: it would turn a secret that happens to hold a '$' into another one without a word, and
/// readers of this format differ about the rules.
///
/// All problems are reported, as "line N"; they quote nothing, because any line may hold a secret. NUL bytes are
/// refused: no environment could carry such a value.
tl::expected<VariableMap, Problems> parse_dotenv(std::string_view text);

}  // namespace kriya::config
