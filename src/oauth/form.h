// Bodies of application/x-www-form-urlencoded.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace kriya::oauth {

/// Whether a Content-Type says so, with whatever parameters.
bool is_form(std::string_view content_type);

/// The decoded names and values. Pairs without a name are skipped; one without "=" has an empty value.
/// Errors: invalid_request: a broken escape, text that is no UTF-8, a name twice (RFC 6749 section 3.2), too many
/// pairs.
Result<std::map<std::string, std::string>> parse_form(std::string_view body);

}  // namespace kriya::oauth
