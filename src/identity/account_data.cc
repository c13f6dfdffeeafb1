#include "identity/account_data.h"

#include "identity/reauthentication.h"

namespace kriya::identity {
namespace {

template <class Row>
auto exported(const std::vector<Row>& rows) {
  std::vector<decltype(to_export(rows.front()))> all;
  for (const Row& row : rows) all.push_back(to_export(row));
  return all;
}

}  // namespace

Task<Result<AccountExport>> collect_account(AccountStore& accounts, SessionStore& sessions,
                                            messaging::MessageStore& messages, PersonalData* others, User user,
                                            Deadline deadline) {
  const auto all_sessions = co_await sessions.of_user(user.id, deadline);
  if (!all_sessions) co_return fail(all_sessions.error());
  const auto tokens = co_await accounts.tokens_of(user.id, deadline);
  if (!tokens) co_return fail(tokens.error());
  const auto all_messages = co_await messages.of_user(user.id, deadline);
  if (!all_messages) co_return fail(all_messages.error());
  std::vector<messaging::MessageRecord> records;
  for (const messaging::StoredMessage& message : *all_messages) records.push_back(message.record);
  AccountExport all{to_export(user), exported(*all_sessions), exported(*tokens), std::move(records), {}};
  if (others != nullptr) {
    auto conversations = co_await others->conversations_of(user.id, deadline);
    if (!conversations) co_return fail(conversations.error());
    all.conversations = *std::move(conversations);
  }
  co_return all;
}

AccountData::AccountData(TokenValidation& validation, AccountStore& accounts, SessionStore& sessions,
                         messaging::MessageStore& messages, PersonalData* others, const Clock& clock,
                         telemetry::Metrics& metrics)
    : validation_(validation),
      accounts_(accounts),
      sessions_(sessions),
      messages_(messages),
      others_(others),
      clock_(clock),
      removed_(metrics.counter("kriya_users_deleted_total", "Accounts that their owners deleted.")) {}

Task<Result<AccountExport>> AccountData::export_all(TokenClaims claims, Deadline deadline) {
  auto owner = co_await validation_.owner(std::move(claims), deadline);
  if (!owner) co_return fail(owner.error());
  co_return co_await collect_account(accounts_, sessions_, messages_, others_, *std::move(owner), deadline);
}

Task<Result<LogoutAnswer>> AccountData::remove(TokenClaims claims, Deadline deadline) {
  const auto who = co_await validation_.signed_in(std::move(claims), deadline);
  if (!who) co_return fail(who.error());
  if (const auto fresh = demand_fresh_proof(*who, clock_.now()); !fresh) co_return fail(fresh.error());
  auto also = others_ == nullptr ? std::vector<storage::BoundStatement>() : others_->forget(who->user.id);
  const auto removed = co_await accounts_.remove(who->user.id, deadline, std::move(also));
  if (!removed) co_return fail(removed.error());
  if (*removed) removed_.add();  // else another request of theirs has done it
  co_return LogoutAnswer{true, "Account deleted"};
}

}  // namespace kriya::identity
