// A program's own token: what it says, and when that holds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "identity/key_ring.h"
#include "oauth/client.h"

namespace kriya::oauth {

/// What a client token with a good signature says. Whether its client still is what it was is for the row to say.
struct ClientClaims {
  std::string client_id;
  std::int64_t version = 0;  // the client's, when it was issued
  std::string scope;
  std::string jti;
  bool demo = false;  // development's own: no row stands behind it
};

/// Stateless; safe to use from any thread. The key ring and the clock must outlive it.
class ClientTokens {
 public:
  struct Rules {
    std::string audience;      // PUBLIC_URL
    bool demo_tokens = false;  // development alone: such a token is made and taken
  };

  static constexpr std::chrono::seconds kLife{3600};
  static constexpr const char* kDemoClient = "test-client";  // no registered client can have this id

  ClientTokens(const identity::KeyRing& keys, Rules rules, const Clock& clock)
      : keys_(keys), rules_(std::move(rules)), clock_(clock) {}

  /// A token of this client for one hour, with that scope.
  std::string issue(const Client& client, const std::string& scope) const;

  /// A token of test-user by test-client, good for harmless tools only. Throws std::logic_error where rules forbid it.
  std::string issue_demo() const;

  bool demo_tokens() const { return rules_.demo_tokens; }

  /// From claims whose signature, issuer and times were checked (identity::verify_claims). A demo token is refused
  /// where rules forbid it, also one that a development signed with this very key. Errors: invalid_token.
  Result<ClientClaims> read(const json::object& claims) const;

 private:
  const identity::KeyRing& keys_;
  Rules rules_;
  const Clock& clock_;
};

}  // namespace kriya::oauth
