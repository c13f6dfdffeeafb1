#include "oauth/client_store.h"

namespace kriya::oauth {
namespace {

using storage::Rows;
using storage::Statement;
using storage::Use;

// The first column is the key (Database::look_up): asked for every token of a program.
constexpr Statement kFind{
    Use::lookup,
    "SELECT id, name, secret_hash, scope, version, created_at, rotated_at FROM clients WHERE id = ANY($1)"};
constexpr Statement kList{
    Use::scan,
    "SELECT id, name, secret_hash, scope, version, created_at, rotated_at FROM clients ORDER BY created_at, id"};
constexpr Statement kInsert{Use::write,
                            "INSERT INTO clients (id, name, secret_hash, scope, version, created_at) "
                            "VALUES ($1, $2, $3, $4, $5, $6)"};
constexpr Statement kRotate{
    Use::write, "UPDATE clients SET secret_hash = $2, version = version + 1, rotated_at = $3 WHERE id = $1"};
constexpr Statement kDelete{Use::write, "DELETE FROM clients WHERE id = $1"};

Client client_at(const Rows& rows, std::size_t row) {
  return {.id = rows.get<std::string>(row, 0),
          .name = rows.get<std::string>(row, 1),
          .secret_hash = rows.get<std::string>(row, 2),
          .scope = rows.get<std::string>(row, 3),
          .version = rows.get<std::int64_t>(row, 4),
          .created_at = rows.get<Timestamp>(row, 5),
          .rotated_at = rows.get<std::optional<Timestamp>>(row, 6)};
}

}  // namespace

Task<Result<void>> ClientStore::create(Client client, Deadline deadline) {
  const auto rows = co_await database_.run(kInsert,
                                           {std::move(client.id), std::move(client.name), std::move(client.secret_hash),
                                            std::move(client.scope), client.version, client.created_at},
                                           deadline);
  if (!rows) co_return fail(rows.error());
  co_return Result<void>();
}

Task<Result<std::optional<Client>>> ClientStore::find(std::string id, Deadline deadline) {
  const auto rows = co_await database_.look_up(kFind, std::move(id), deadline);
  if (!rows) co_return fail(rows.error());
  if (rows->empty()) co_return std::nullopt;
  co_return client_at(*rows, 0);
}

Task<Result<std::vector<Client>>> ClientStore::list(Deadline deadline) {
  const auto rows = co_await database_.run(kList, {}, deadline);
  if (!rows) co_return fail(rows.error());
  std::vector<Client> clients;
  for (std::size_t i = 0; i < rows->size(); ++i) clients.push_back(client_at(*rows, i));
  co_return clients;
}

Task<Result<bool>> ClientStore::rotate(std::string id, std::string secret_hash, Timestamp now, Deadline deadline) {
  co_return changed(co_await database_.run(kRotate, {std::move(id), std::move(secret_hash), now}, deadline));
}

Task<Result<bool>> ClientStore::remove(std::string id, Deadline deadline) {
  co_return changed(co_await database_.run(kDelete, {std::move(id)}, deadline));
}

}  // namespace kriya::oauth
