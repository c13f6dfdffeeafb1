#include "messaging/telesign/form.h"

namespace kriya::messaging::telesign {
namespace {

bool is_plain(unsigned char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// `unescaped`: what stays besides letters and digits.
void append(std::string& out, std::string_view text, std::string_view unescaped, bool space_as_plus) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const unsigned char c : text) {
    if (is_plain(c) || unescaped.find(static_cast<char>(c)) != std::string_view::npos) {
      out += static_cast<char>(c);
    } else if (c == ' ' && space_as_plus) {
      out += '+';
    } else {
      out += '%';
      out += digits[c >> 4];
      out += digits[c & 15];
    }
  }
}

}  // namespace

std::string form_encode(const Form& form) {
  // As the WHATWG URL standard's serializer writes it, which Telesign's own clients use.
  constexpr std::string_view unescaped = "*-._";
  std::string body;
  for (const auto& [name, value] : form) {
    if (!body.empty()) body += '&';
    append(body, name, unescaped, true);
    body += '=';
    append(body, value, unescaped, true);
  }
  return body;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  append(out, text, "-._~", false);
  return out;
}

}  // namespace kriya::messaging::telesign
