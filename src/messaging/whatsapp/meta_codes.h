// What the error codes of Meta's Cloud API mean for a message.
#pragma once

#include <cstdint>
#include <optional>

namespace kriya::messaging::whatsapp {

struct Refusal {
  bool retryable = false;      // it may pass later
  bool elsewhere = false;      // another channel may not have this trouble
  bool provider_down = false;  // not this message's fault
};

/// Nullopt for a code that is not known here.
std::optional<Refusal> refusal_of(std::int64_t code);

}  // namespace kriya::messaging::whatsapp
