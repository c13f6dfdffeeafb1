// The keys that this instance signs and verifies user tokens with.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/secret.h"
#include "crypto/key.h"
#include "storage/database.h"

namespace kriya::identity {

/// One key signs; all of them verify, each its own algorithm only. Immutable after it is made; safe to share.
class KeyRing {
 public:
  /// HMAC: the present secret signs, older ones still verify.
  static KeyRing from_secrets(crypto::Algorithm algorithm, const Secret& current, const std::vector<Secret>& previous);

  /// Asymmetric: the keys are rows of the database, sealed under a key derived from `master_key`, so that all instances
  /// share them. The first instance makes the first key. Keys of other asymmetric algorithms in the table keep
  /// verifying, so that changing JWT_ALGORITHM signs nobody out.
  /// Errors: those of Database; internal, when the rows were sealed under another master key.
  static Task<Result<KeyRing>> from_database(crypto::Algorithm algorithm, Secret master_key,
                                             storage::Database& database, Timestamp now, Deadline deadline);

  /// Seals the stored private keys anew, all or none, after MASTER_KEY has changed; rows that are under the new key
  /// already stay. Returns how many were moved. Errors: those of Database; internal, when a row opens under neither
  /// key.
  static Task<Result<std::int64_t>> rekey(Secret old_master, Secret new_master, storage::Database& database,
                                          Deadline deadline);

  const crypto::Key& signing() const { return keys_.front(); }
  std::span<const crypto::Key> verifying() const { return keys_; }

  /// The public keys as a JWK Set (RFC 7517 section 5), JSON text; no keys for HMAC.
  std::string jwks() const;

 private:
  explicit KeyRing(std::vector<crypto::Key> keys) : keys_(std::move(keys)) {}
  std::vector<crypto::Key> keys_;  // the first one signs
};

}  // namespace kriya::identity
