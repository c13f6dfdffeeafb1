// The languages that a client asks for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kriya::verification {

/// The language tags of an Accept-Language header in lower case, the most wanted first; those with q=0 and `*` left
/// out. What cannot be read is left out; of a long header only the beginning counts.
std::vector<std::string> accepted_languages(std::string_view header);

}  // namespace kriya::verification
