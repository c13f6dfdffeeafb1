// Any bytes as the body of a registration: parse, check, and write again what was accepted.
#include <cstdlib>

#include "identity/auth_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kriya;
  const auto document = parse_json({reinterpret_cast<const char*>(data), size});
  if (!document) return 0;
  const auto request = schema::read<identity::RegisterRequest>(*document);
  if (!request) {
    if (request.error().fields.empty()) std::abort();
    return 0;
  }
  // What was accepted is canonical: written and read again it is the same.
  const std::string text = schema::write(*request);
  const auto again =
      parse_json(text).and_then([](const json::value& v) { return schema::read<identity::RegisterRequest>(v); });
  if (!again || schema::write(*again) != text) std::abort();
  return 0;
}
