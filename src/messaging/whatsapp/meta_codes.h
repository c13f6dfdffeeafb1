// What the error codes of Meta's Cloud API mean for a message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kriya::messaging::whatsapp {

struct Refusal {
  bool retryable = false;      // it may pass later
  bool elsewhere = false;      // another channel may not have this trouble
  bool provider_down = false;  // not this message's fault
};

/// Nullopt for a code that is not known here.
std::optional<Refusal> refusal_of(std::int64_t code);

/// What the record keeps of Meta's id of a message: its SHA-256. The id itself is base64 around the person's number.
/// Empty stays empty.
std::string reference_of(std::string_view wamid);

}  // namespace kriya::messaging::whatsapp
