// Whatever a program posts to /auth/token: reading it ends without harm, and what was read is fit for a database and a
// log.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "oauth/token_request.h"

namespace {

void demand(bool truth) {
  if (!truth) std::abort();
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

/// The first byte says of which type the body is; an Authorization header may come before it, ended by a line break.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t line = text.find('\n');
  kriya::http::Request request;
  request.set_start("POST", "/auth/token", 1);
  if (line != std::string_view::npos) request.add_header("Authorization", text.substr(0, line));
  request.mutable_body() = line == std::string_view::npos ? text : text.substr(line + 1);
  request.add_header("Content-Length", std::to_string(request.body().size()));
  request.add_header("Content-Type", data[0] % 2 == 0 ? "application/json" : "application/x-www-form-urlencoded");
  const auto read = kriya::oauth::read_token_request(request);
  if (!read) {
    demand(!read.error().detail.empty());
    return 0;
  }
  demand(is_visible(read->grant_type) && is_visible(read->client_id) && is_visible(read->scope));
  demand(is_visible(read->client_secret.reveal()));
  demand(!read->blank || (read->client_id.empty() && read->client_secret.empty()));
  return 0;
}
