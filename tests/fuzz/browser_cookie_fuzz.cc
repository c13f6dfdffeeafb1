// Any text as a Cookie header: a cookie that was made here is found among whatever stands before and after it, unless
// another of its name does; nothing else is one.
#include <cstdint>
#include <cstdlib>

#include "access/browser_cookies.h"

namespace {

using namespace kriya;

const access::BrowserCookies kCookies(Secret("a-master-key-of-more-than-32-bytes!!!!"), {});
constexpr Timestamp kNow{1'000'000};

std::optional<http::BrowserSession> read(std::string_view header) {
  http::Request request;
  request.set_start("GET", "/", 1);
  request.add_header("Cookie", header);
  return kCookies.read(request, kNow);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (read(text)) std::abort();  // it would have had to guess 256 bits

  const std::string set = kCookies.set({.sid = "sid", .person = true, .expires_at = kNow + std::chrono::seconds(1)});
  const std::string pair = set.substr(0, set.find(';'));
  const bool tossed = access::sole_cookie(text + ";auth_token=", kCookies.name()) == std::nullopt;
  for (const std::string& header : {pair + ";" + text, text + ";" + pair}) {
    const auto found = read(header);
    if (found.has_value() == tossed) std::abort();
    if (found && (found->sid != "sid" || !found->person)) std::abort();
  }
  return 0;
}
