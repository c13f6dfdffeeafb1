// Any bytes as a request, in pieces: the parser must end, keep its limits, and read the same however the bytes are cut.
#include <cstdlib>

#include "http/client_address.h"
#include "http/server/request_parser.h"

namespace {

using namespace kriya;

/// Everything that was understood, as one text; empty when the request was refused or is incomplete (how early the
/// parser can tell which depends on the cut).
std::string parse(std::string_view bytes, std::size_t step) {
  http::Request request;
  http::server::RequestParser parser(request);
  std::string pending;
  while (!bytes.empty() && !parser.is_done()) {
    pending += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
    const auto used = parser.feed(pending);
    if (!used) return {};
    pending.erase(0, *used);
  }
  if (request.body().size() > http::server::kMaxBodyBytes) std::abort();
  if (!parser.is_done()) return {};
  (void)request.query_parameter("token");
  (void)http::client_address("10.0.0.1", request.joined_header("X-Forwarded-For"),
                             [](const std::string&) { return true; });
  return std::string(http::name(request.method())) + " " + std::string(request.target()) + "\n" +
         std::string(request.header("Host").value_or("")) + "\n" + request.body();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (parse(bytes, size + 1) != parse(bytes, 1 + size % 7)) std::abort();
  return 0;
}
