// Who may look at which calls.
#pragma once

#include "audit/tool_call_messages.h"
#include "audit/tool_call_store.h"
#include "http/principal.h"

namespace kriya::audit {

/// A person sees the person's own calls, a program by itself its own, and whoever has the scope `tool-calls:read` all.
/// Stateless; safe to use from every I/O thread.
class ToolCallHistory {
 public:
  explicit ToolCallHistory(storage::Database& database) : store_(database) {}

  /// Asking for somebody else's calls without the scope gives none. Errors: invalid_fields; those of Database.
  Task<Result<ToolCallPage>> list(ToolCallQuery query, http::Principal principal, Deadline deadline);

 private:
  ToolCallStore store_;
};

}  // namespace kriya::audit
