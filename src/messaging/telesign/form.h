// Bodies of application/x-www-form-urlencoded.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kriya::messaging::telesign {

/// Names and values in the order in which they are sent.
using Form = std::vector<std::pair<std::string, std::string>>;

/// The body's bytes: UTF-8 percent-encoded, a space as '+', in the order given. They are signed and sent as they are.
std::string form_encode(const Form& form);

/// One value for a URL's query.
std::string percent_encode(std::string_view text);

}  // namespace kriya::messaging::telesign
