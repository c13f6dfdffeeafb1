// Keys that other services issue, by their shape.
#pragma once

#include <string_view>

namespace kriya::audit {

/// Where another service's key begins in a run of base64url; npos: nowhere.
std::size_t foreign_key(std::string_view run);

}  // namespace kriya::audit
