// Any bytes as answers of Redis, in pieces of any size: nothing may crash or grow without limit, and how the bytes are
// cut into pieces changes no answer.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "storage/ephemeral/redis_protocol.h"

namespace {

using namespace kriya::storage::ephemeral;

struct Outcome {
  std::vector<std::string> answers;
  bool broken = false;

  bool operator==(const Outcome&) const = default;
};

/// An answer as text, all of it.
void describe(const Reply& reply, std::string& text) {
  if (reply.parts.size() > ReplyReader::kMostParts) std::abort();
  text += std::to_string(static_cast<int>(reply.kind)) + "," + std::to_string(reply.integer) + "," + reply.text + "(";
  for (const Reply& part : reply.parts) describe(part, text);
  text += ")";
}

Outcome read(std::string_view bytes, std::size_t piece) {
  ReplyReader reader;
  Outcome outcome;
  while (!outcome.broken && !bytes.empty()) {
    reader.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (;;) {
      const auto reply = reader.next();
      outcome.broken = !reply.has_value();
      if (outcome.broken || !*reply) break;
      describe(**reply, outcome.answers.emplace_back());
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = read(bytes, bytes.size());
  if (read(bytes, std::size_t{data[0]} % 16 + 1) != whole) std::abort();
  return 0;
}
