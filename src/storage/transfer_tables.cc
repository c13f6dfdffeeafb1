#include "storage/transfer_tables.h"

namespace kriya::storage {
namespace {

using Kind = TransferColumn::Kind;

std::string parameter(std::size_t index) { return "$" + std::to_string(index + 1); }

template <class Range, class TextOf>
std::string joined(const Range& range, const char* separator, TextOf text_of) {
  std::string text;
  for (const auto& entry : range) text += (text.empty() ? "" : separator) + text_of(entry);
  return text;
}

// Every column in order; sealed texts (signing_keys.private_key, the payloads) stay sealed.
std::vector<TransferTable> described_tables() {
  std::vector<TransferTable> all;
  const auto add = [&](const char* name, std::vector<TransferColumn> columns, std::vector<std::size_t> unique = {},
                       std::optional<TransferTable::Parent> parent = {}) {
    all.emplace_back(name, std::move(columns), std::move(unique), parent);
  };
  add("users",
      {{"id", Kind::uuid},
       {"phone_number", Kind::text},
       {"first_name", Kind::text},
       {"last_name", Kind::text, true},
       {"email", Kind::text, true},
       {"token_version", Kind::integer},
       {"created_at", Kind::time},
       {"updated_at", Kind::time},
       {"scope", Kind::text, true}},
      {1});
  add("issued_tokens",
      {{"id", Kind::uuid},
       {"user_id", Kind::uuid},
       {"token_hash", Kind::text},
       {"issued_at", Kind::time},
       {"expires_at", Kind::time},
       {"client_address", Kind::text},
       {"user_agent", Kind::text}},
      {}, TransferTable::Parent{"users", 1});
  add("signing_keys",
      {{"id", Kind::text},
       {"algorithm", Kind::text},
       {"generation", Kind::integer},
       {"private_key", Kind::text},
       {"created_at", Kind::time}},
      {1, 2});
  add("sessions",
      {{"id", Kind::text},
       {"user_id", Kind::uuid},
       {"token_version", Kind::integer},
       {"started_at", Kind::time},
       {"proven_at", Kind::time, true},
       {"last_seen_at", Kind::time},
       {"expires_at", Kind::time},
       {"ended_at", Kind::time, true},
       {"client_address", Kind::text},
       {"user_agent", Kind::text}},
      {}, TransferTable::Parent{"users", 1});
  add("refresh_tokens",
      {{"hash", Kind::text},
       {"session_id", Kind::text},
       {"issued_at", Kind::time},
       {"expires_at", Kind::time},
       {"used_at", Kind::time, true}},
      {}, TransferTable::Parent{"sessions", 1});
  add("challenges", {{"id", Kind::text},
                     {"purpose", Kind::text},
                     {"opened_by", Kind::text},
                     {"phone_hash", Kind::text},
                     {"guard", Kind::text},
                     {"payload", Kind::text, true},
                     {"channel", Kind::text},
                     {"locale", Kind::text},
                     {"attempts", Kind::integer},
                     {"last_guess", Kind::text, true},
                     {"sends", Kind::integer},
                     {"created_at", Kind::time},
                     {"expires_at", Kind::time},
                     {"resend_at", Kind::time},
                     {"closed_at", Kind::time, true},
                     {"closed_by", Kind::text, true}});
  add("challenge_codes",
      {{"id", Kind::uuid},
       {"challenge_id", Kind::text},
       {"code_hash", Kind::text, true},
       {"provider_reference", Kind::text, true},
       {"expires_at", Kind::time}},
      {}, TransferTable::Parent{"challenges", 1});
  add("guess_guards", {{"id", Kind::text},
                       {"phone_hash", Kind::text},
                       {"failures", Kind::integer},
                       {"locked_until", Kind::time, true},
                       {"last_guess", Kind::text, true},
                       {"updated_at", Kind::time}});
  add("guess_addresses",
      {{"address", Kind::text}, {"failures", Kind::integer}, {"window_start", Kind::time}, {"last_guess", Kind::text}});
  add("code_sends", {{"id", Kind::uuid},
                     {"phone_hash", Kind::text},
                     {"address", Kind::text},
                     {"country", Kind::text},
                     {"challenge_id", Kind::text},
                     {"hour", Kind::integer},
                     {"reserved_at", Kind::time},
                     {"returned_at", Kind::time, true},
                     {"verified_at", Kind::time, true}});
  add("code_send_tallies", {{"id", Kind::text},
                            {"kind", Kind::text},
                            {"subject", Kind::text},
                            {"hour", Kind::integer},
                            {"sent", Kind::integer},
                            {"verified", Kind::integer}});
  add("security_events", {{"id", Kind::uuid},
                          {"at", Kind::time},
                          {"kind", Kind::text},
                          {"decision", Kind::text},
                          {"phone_hash", Kind::text, true},
                          {"phone_masked", Kind::text, true},
                          {"user_id", Kind::uuid, true},
                          {"client_address", Kind::text},
                          {"detail", Kind::text}});
  add("messages", {{"id", Kind::uuid},
                   {"kind", Kind::text},
                   {"requested_by", Kind::text},
                   {"user_id", Kind::uuid, true},
                   {"provider", Kind::text},
                   {"channel", Kind::text},
                   {"phone_masked", Kind::text},
                   {"phone_hash", Kind::text},
                   {"status", Kind::text},
                   {"status_rank", Kind::integer},
                   {"provider_reference", Kind::text, true},
                   {"provider_code", Kind::text, true},
                   {"detail", Kind::text, true},
                   {"cost", Kind::text, true},
                   {"currency", Kind::text, true},
                   {"segments", Kind::integer},
                   {"attempts", Kind::integer},
                   {"latency_ms", Kind::integer, true},
                   {"payload", Kind::text, true},
                   {"channels_left", Kind::text},
                   {"due_at", Kind::time, true},
                   {"claimed_by", Kind::text, true},
                   {"version", Kind::integer},
                   {"not_after", Kind::time, true},
                   {"created_at", Kind::time},
                   {"updated_at", Kind::time}});
  add("receipts", {{"id", Kind::text},
                   {"provider", Kind::text},
                   {"reference", Kind::text},
                   {"status", Kind::text},
                   {"code", Kind::text},
                   {"detail", Kind::text},
                   {"retryable", Kind::integer},
                   {"cost", Kind::text, true},
                   {"currency", Kind::text, true},
                   {"segments", Kind::integer, true},
                   {"received_at", Kind::time},
                   {"message_id", Kind::uuid, true}});
  add("opt_outs",
      {{"phone_hash", Kind::text}, {"phone_masked", Kind::text}, {"keyword", Kind::text}, {"at", Kind::time}});
  add("clients", {{"id", Kind::text},
                  {"name", Kind::text},
                  {"secret_hash", Kind::text},
                  {"scope", Kind::text},
                  {"version", Kind::integer},
                  {"created_at", Kind::time},
                  {"rotated_at", Kind::time, true}});
  add("tool_calls", {{"id", Kind::uuid},
                     {"at", Kind::time},
                     {"user_id", Kind::uuid, true},
                     {"client_id", Kind::text},
                     {"session_id", Kind::text},
                     {"via", Kind::text},
                     {"tool_name", Kind::text},
                     {"upstream", Kind::text},
                     {"arguments", Kind::text},
                     {"status", Kind::text},
                     {"decision", Kind::text},
                     {"error_kind", Kind::text},
                     {"duration_us", Kind::integer},
                     {"result", Kind::text},
                     {"argument_bytes", Kind::integer},
                     {"result_bytes", Kind::integer},
                     {"redactions", Kind::integer},
                     {"request_id", Kind::text},
                     {"trace_id", Kind::text},
                     {"client_address", Kind::text},
                     {"metadata", Kind::text}});
  add("conversations", {{"id", Kind::uuid},
                        {"owner", Kind::text},
                        {"title", Kind::text},
                        {"renamed", Kind::integer},
                        {"created_at", Kind::time},
                        {"updated_at", Kind::time}});
  add("conversation_messages",
      {{"id", Kind::uuid},
       {"conversation_id", Kind::uuid},
       {"position", Kind::integer},
       {"role", Kind::text},
       {"content", Kind::text},
       {"tool_calls", Kind::text, true},
       {"tool_call_id", Kind::text, true},
       {"created_at", Kind::time}},
      {}, TransferTable::Parent{"conversations", 1});
  return all;
}

}  // namespace

TransferTable::TransferTable(const char* name, std::vector<TransferColumn> columns, std::vector<std::size_t> unique,
                             std::optional<Parent> parent)
    : name_(name), columns_(std::move(columns)), unique_(std::move(unique)), parent_(parent) {
  const std::string table = name_;
  const std::string key = columns_.front().name;
  const std::string names =
      joined(columns_, ", ", [](const TransferColumn& column) { return std::string(column.name); });
  const std::string select = "SELECT " + names + " FROM " + table;
  first_page_ = select + " ORDER BY " + key + " LIMIT $1";
  next_page_ = select + " WHERE " + key + " > $1 ORDER BY " + key + " LIMIT $2";

  std::size_t index = 0;
  const std::string values = joined(columns_, ", ", [&](const TransferColumn&) { return parameter(index++); });
  insert_ = "INSERT INTO " + table + " (" + names + ") ";
  if (parent_) {
    insert_ += "SELECT " + values + " WHERE EXISTS (SELECT 1 FROM " + parent_->table +
               " WHERE id = " + parameter(parent_->column) + ")";
  } else {
    insert_ += "VALUES (" + values + ")";
  }
  insert_ += " ON CONFLICT (" + key + ") DO NOTHING";

  present_ = "SELECT " + key + " FROM " + table + " WHERE " + key + " = ANY($1)";
  index = 0;
  holder_ = "SELECT " + key + " FROM " + table + " WHERE " + joined(unique_, " AND ", [&](std::size_t column) {
              return std::string(columns_[column].name) + " = " + parameter(index++);
            });
}

std::span<const TransferTable> transfer_tables() {
  static const std::vector<TransferTable> tables = described_tables();
  return tables;
}

}  // namespace kriya::storage
