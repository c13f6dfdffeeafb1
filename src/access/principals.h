// Who bears a token, whatever kind of token it is.
#pragma once

#include <string>

#include "access/bearer.h"
#include "http/endpoint.h"
#include "http/principal.h"

namespace kriya::access {

/// Safe to use from every I/O thread.
class Principals {
 public:
  virtual ~Principals() = default;

  /// Whose token that is, now: a person's own, a registered client's, development's demo token. Issuer, audience, use,
  /// times, signature and revocation are checked. Errors: invalid_token; those of Database.
  virtual Task<Result<http::Principal>> of_bearer(std::string token, Deadline deadline) = 0;
};

/// The request must bear a token in `Authorization: Bearer`, nowhere else; whose it is goes into `Caller::principal`.
/// Errors: missing_token, invalid_token; those of Database. `principals` must outlive it.
http::AccessRule require_principal(Principals& principals);

}  // namespace kriya::access
