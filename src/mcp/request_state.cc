#include "mcp/request_state.h"

#include "crypto/digest.h"
#include "mcp/offer.h"

namespace kriya::mcp {
namespace {

/// No part can run into the next: none holds a zero byte but the last, which a URI may be.
std::string context(const RequestStates::Call& call) {
  return "mcp request state" + std::string(1, '\0') + call.subject + std::string(1, '\0') + call.method +
         std::string(1, '\0') + call.name;
}

}  // namespace

RequestStates::RequestStates(const Secret& master_key, const Clock& clock, std::chrono::seconds life)
    : box_(crypto::derive_key(master_key, "mcp-request-state")), clock_(clock), life_(life) {}

std::string RequestStates::seal(const json::object& state, const Call& call) const {
  const json::object plain{{"until", (clock_.now() + life_).seconds()}, {"state", state}};
  return box_.seal(write_json(plain), context(call));
}

tl::expected<json::object, RpcError> RequestStates::open(std::string_view sealed, const Call& call) const {
  const auto refused = [] { return tl::unexpected(invalid_params("params.requestState is not ours, or too old.")); };
  const auto plain = box_.open(sealed, context(call));
  if (!plain) return refused();
  const auto document = parse_json(plain->reveal());
  const json::object* object = document ? document->if_object() : nullptr;
  const json::object* state = object == nullptr ? nullptr : object_member(*object, "state");
  const json::value* until = object == nullptr ? nullptr : object->if_contains("until");
  if (state == nullptr || until == nullptr || !until->is_int64()) return refused();
  if (clock_.now().seconds() >= until->get_int64()) return refused();
  return *state;
}

}  // namespace kriya::mcp
