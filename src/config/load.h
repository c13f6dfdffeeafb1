// From texts to Settings, with every mistake reported at once.
#pragma once

#include <string_view>

#include "base/text.h"
#include "config/problem.h"
#include "config/settings.h"

namespace kriya::config {

/// Reads what the table knows; other names are ignored, an empty text means unset. Then checks what must agree, and in
/// production also that secrets are there and strong. Touches no file.
///
/// Each problem is one line: the variable, what it got (never a secret), what is allowed. `jwt_secret`,
/// `plane_api_keys` and `master_key` may still be empty: fill_missing_secrets() is the next step.
tl::expected<Settings, Problems> load(const VariableMap& given);

}  // namespace kriya::config
