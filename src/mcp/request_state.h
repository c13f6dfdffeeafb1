// What a server tells itself through the client, between the rounds of one call (`requestState`).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "base/time.h"
#include "crypto/sealed_box.h"
#include "mcp/json_rpc.h"

namespace kriya::mcp {

/// Sealed (AES-256-GCM) under a key that all instances share, so that any of them goes on with a call. Bound to who
/// calls what, and for a short time; it can be replayed within that, by the same principal to the same tool.
/// Safe to use from every I/O thread.
class RequestStates {
 public:
  /// `clock` must outlive it.
  RequestStates(const Secret& master_key, const Clock& clock, std::chrono::seconds life = std::chrono::minutes(15));

  /// Whose call of what: the principal's subject, the method, and the name or URI in its params.
  struct Call {
    std::string subject;
    std::string method;
    std::string name;
  };

  std::string seal(const json::object& state, const Call& call) const;

  /// Errors: kInvalidParams, when it was altered, is of another call, or is too old.
  tl::expected<json::object, RpcError> open(std::string_view sealed, const Call& call) const;

 private:
  crypto::SealedBox box_;
  const Clock& clock_;
  std::chrono::seconds life_;
};

}  // namespace kriya::mcp
