// Kriya's user token: what it says, and when that holds.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "http/caller.h"
#include "identity/key_ring.h"
#include "identity/session.h"
#include "identity/user.h"

namespace kriya::identity {

struct TokenRules {
  std::string audience;  // PUBLIC_URL
  std::chrono::seconds life{24 * 3600};
  std::chrono::seconds clock_skew{0};
};

/// A token as it leaves, and its audit line but for the client's address and agent.
struct IssuedToken {
  std::string jwt;
  Timestamp expires_at;
  TokenRecord record;
};

using http::TokenClaims;

/// Stateless; safe to use from any thread. The key ring and the clock must outlive it.
class UserTokens {
 public:
  UserTokens(const KeyRing& keys, TokenRules rules, const Clock& clock)
      : keys_(keys), rules_(std::move(rules)), clock_(clock) {}

  /// A token of the session `sid`, which it does not outlive. `use`: "user", or "browser" for one that a browser's
  /// session gives in development; both are good for the same.
  IssuedToken issue(const User& user, const std::string& sid, Timestamp session_end,
                    std::string_view use = "user") const;

  std::chrono::seconds life() const { return rules_.life; }

  /// What has expired by this time has expired by the clock of every machine that signs.
  Timestamp expired_by() const { return clock_.now() - rules_.clock_skew; }

  /// Checks signature, issuer, audience, use and times; whether the token was revoked is for the rows of its session
  /// and its user to say. A token of the original service (none of `aud`, `sub`, `jti`, `sid`, `token_use`) is good
  /// too. Where that service had integers for ids, the integer n stands for the UUID whose last 12 digits are n in
  /// hexadecimal and whose others are zero, as in the rows that were taken over; where it had no `token_version`, the
  /// version is 0. Errors: invalid_token.
  Result<TokenClaims> read(std::string_view jwt) const;

  /// The first half of that, for whoever takes tokens of several uses: signature, issuer and times of any token of
  /// ours. Errors: invalid_token.
  Result<json::object> verify(std::string_view jwt) const;

  /// The other half, for verified claims that must be of `use` ("user"): never those of the original service. Errors:
  /// invalid_token.
  Result<TokenClaims> read(const json::object& claims, std::string_view use) const;

 private:
  const KeyRing& keys_;
  TokenRules rules_;
  const Clock& clock_;
};

}  // namespace kriya::identity
