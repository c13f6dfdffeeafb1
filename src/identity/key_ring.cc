#include "identity/key_ring.h"

#include "crypto/digest.h"
#include "crypto/sealed_box.h"

namespace kriya::identity {
namespace {

using storage::Statement;
using storage::Use;

constexpr Statement kAllKeys{Use::lookup,
                             "SELECT id, algorithm, private_key FROM signing_keys "
                             "ORDER BY (algorithm = $1) DESC, generation DESC, id"};
constexpr Statement kInsertFirst{
    Use::write,
    "INSERT INTO signing_keys (id, algorithm, generation, private_key, created_at) VALUES ($1, $2, 1, $3, $4) "
    "ON CONFLICT (algorithm, generation) DO NOTHING"};

constexpr Statement kReseal{Use::write, "UPDATE signing_keys SET private_key = $2 WHERE id = $1"};

crypto::SealedBox box_under(const Secret& master) {
  return crypto::SealedBox(crypto::derive_key(master, "signing-keys"));
}

/// A sealed key opens only in the row that it was sealed for.
std::string row_context(const std::string& id) { return "signing_keys:" + id; }

/// All stored keys, those that may sign with `algorithm` first.
Task<Result<std::vector<crypto::Key>>> load(crypto::Algorithm algorithm, const crypto::SealedBox& box,
                                            storage::Database& database, Deadline deadline) {
  const auto rows = co_await database.run(kAllKeys, {std::string(crypto::name(algorithm))}, deadline);
  if (!rows) co_return fail(rows.error());
  std::vector<crypto::Key> keys;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto id = rows->get<std::string>(i, 0);
    const auto stored = crypto::parse_algorithm(rows->get<std::string>(i, 1));
    const auto der = box.open(rows->get<std::string>(i, 2), row_context(id));
    if (!stored || !der) {
      co_return fail(Errc::internal,
                     "The signing key " + id +
                         " in the database does not open: MASTER_KEY (or JWT_SECRET_KEY, its default) is "
                         "not the one it was sealed under.");
    }
    auto key = crypto::Key::from_private_der(*stored, der->reveal());
    if (!key) co_return fail(key.error());
    keys.push_back(*std::move(key));
  }
  co_return keys;
}

}  // namespace

KeyRing KeyRing::from_secrets(crypto::Algorithm algorithm, const Secret& current, const std::vector<Secret>& previous) {
  std::vector<crypto::Key> keys{crypto::Key::from_secret(algorithm, current)};
  for (const Secret& secret : previous) keys.push_back(crypto::Key::from_secret(algorithm, secret));
  return KeyRing(std::move(keys));
}

Task<Result<KeyRing>> KeyRing::from_database(crypto::Algorithm algorithm, Secret master_key,
                                             storage::Database& database, Timestamp now, Deadline deadline) {
  const crypto::SealedBox box = box_under(master_key);
  auto keys = co_await load(algorithm, box, database, deadline);
  if (!keys) co_return fail(keys.error());
  if (keys->empty() || keys->front().algorithm() != algorithm) {
    const crypto::Key fresh = crypto::Key::generate(algorithm);
    std::string sealed = box.seal(fresh.private_der().reveal(), row_context(fresh.id()));
    const auto inserted = co_await database.run(
        kInsertFirst, {fresh.id(), std::string(crypto::name(algorithm)), std::move(sealed), now}, deadline);
    if (!inserted) co_return fail(inserted.error());
    keys = co_await load(algorithm, box, database, deadline);  // ours, or that of an instance that was quicker
    if (!keys) co_return fail(keys.error());
  }
  co_return KeyRing(*std::move(keys));
}

Task<Result<std::int64_t>> KeyRing::rekey(Secret old_master, Secret new_master, storage::Database& database,
                                          Deadline deadline) {
  const crypto::SealedBox old_box = box_under(old_master);
  const crypto::SealedBox new_box = box_under(new_master);
  const auto rows = co_await database.run(kAllKeys, {std::string()}, deadline);
  if (!rows) co_return fail(rows.error());
  std::vector<storage::BoundStatement> updates;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto id = rows->get<std::string>(i, 0);
    const auto sealed = rows->get<std::string>(i, 2);
    if (new_box.open(sealed, row_context(id))) continue;
    const auto der = old_box.open(sealed, row_context(id));
    if (!der) {
      co_return fail(Errc::internal, "The signing key " + id +
                                         " opens neither under the old key nor under MASTER_KEY; nothing was changed.");
    }
    updates.push_back({kReseal, {id, new_box.seal(der->reveal(), row_context(id))}});
  }
  const auto moved = static_cast<std::int64_t>(updates.size());
  if (moved > 0) {
    const auto done = co_await database.transact(std::move(updates), deadline);
    if (!done) co_return fail(done.error());
  }
  co_return moved;
}

std::string KeyRing::jwks() const {
  json::array keys;
  for (const crypto::Key& key : keys_) {
    if (!crypto::is_symmetric(key.algorithm())) keys.push_back(key.public_jwk());
  }
  return write_json(json::object{{"keys", std::move(keys)}});
}

}  // namespace kriya::identity
