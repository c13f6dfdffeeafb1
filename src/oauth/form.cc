#include "oauth/form.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/text.h"

namespace kriya::oauth {

bool is_form(std::string_view content_type) {
  return equals_ignoring_case(trim(content_type.substr(0, content_type.find(';'))),
                              "application/x-www-form-urlencoded");
}

Result<std::map<std::string, std::string>> parse_form(std::string_view body) {
  constexpr std::size_t kMostPairs = 64;
  std::map<std::string, std::string> form;
  while (!body.empty()) {
    const std::string_view pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(body.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals));
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (!name || !value || !utf8_length(*name) || !utf8_length(*value)) {
      return fail(Errc::invalid_request, "The form is not well encoded: percent-encoded UTF-8 is expected.");
    }
    if (name->empty()) continue;
    if (form.size() == kMostPairs) return fail(Errc::invalid_request, "The form has too many parameters.");
    if (!form.emplace(*std::move(name), *std::move(value)).second) {
      return fail(Errc::invalid_request, "A parameter is given more than once.");
    }
  }
  return form;
}

}  // namespace kriya::oauth
