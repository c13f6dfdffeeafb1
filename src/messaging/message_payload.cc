#include "messaging/message_payload.h"

#include "crypto/digest.h"

namespace kriya::messaging {

PayloadSeal::PayloadSeal(const Secret& master) : box_(crypto::derive_key(master, "message-payload")) {}

std::string PayloadSeal::close(const Payload& payload, const Uuid& message) const {
  return box_.seal(Secret(schema::write(payload)).reveal(), message.str());
}

Result<Payload> PayloadSeal::open(const std::string& sealed, const Uuid& message) const {
  const auto plain = box_.open(sealed, message.str());
  if (!plain) return fail(plain.error());
  return parse_json(plain->reveal()).and_then([](const json::value& value) { return schema::read<Payload>(value); });
}

}  // namespace kriya::messaging
