// JSON for people.
#pragma once

#include <string>

#include "base/json.h"

namespace kriya::cli {

/// Indented by two spaces, members in their order, no final line break.
std::string pretty_json(const json::value& value);

}  // namespace kriya::cli
