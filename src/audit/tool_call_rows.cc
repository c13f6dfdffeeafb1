#include "audit/tool_call_rows.h"

namespace kriya::audit {
namespace {

constexpr std::chrono::milliseconds kPeriod{250};
constexpr std::chrono::seconds kPatience{10};
constexpr std::size_t kBatch = 256;

/// Whether the same may succeed later.
bool may_pass(const Error& error) { return error.code == Errc::unavailable || error.code == Errc::overloaded; }

}  // namespace

ToolCallRows::ToolCallRows(asio::io_context& context, FileToolLog& files, storage::Database& database,
                           const telemetry::Log& log)
    : timer_(context), files_(files), store_(database), log_(log) {}

Task<void> ToolCallRows::run() {
  for (;;) {
    const std::size_t done = co_await step();
    if (done > 0) continue;
    if (stopping_) co_return;
    timer_.expires_after(kPeriod);
    co_await timer_.async_wait(use_result);
  }
}

Task<std::size_t> ToolCallRows::step() {
  if (batch_.entries.empty()) batch_ = files_.unstored(kBatch);
  if (batch_.entries.empty()) co_return 0;
  const auto added = co_await store_.add(batch_.entries, Deadline::after(kPatience));
  if (!added && may_pass(added.error())) co_return 0;
  if (!added) co_await store_one_by_one();
  const std::size_t done = batch_.entries.size();
  files_.stored(batch_);
  batch_ = {};
  co_return done;
}

/// An entry that the database will never take must not keep the others out.
Task<void> ToolCallRows::store_one_by_one() {
  for (const ToolCallEntry& entry : batch_.entries) {
    const std::vector<ToolCallEntry> one{entry};
    const auto added = co_await store_.add(one, Deadline::after(kPatience));
    if (added) continue;
    const std::string id = entry.id.str();
    log_.error("an entry of the log of tool calls is in the files alone: the database refuses it",
               {{"id", std::string_view(id)}, {"cause", std::string_view(added.error().detail)}});
  }
}

void ToolCallRows::stop() {
  stopping_ = true;
  timer_.cancel();
}

}  // namespace kriya::audit
