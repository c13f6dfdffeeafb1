#include "storage/postgres/connect.h"

#include <array>
#include <string>

namespace kriya::storage::postgres {
namespace {

// Statements are written so that an index serves them, and must stay so while statistics lag behind a growing table;
// with a general plan kept, the server plans each once a connection. Nothing of ours runs for half a minute.
constexpr const char* kSessionSettings =
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c statement_timeout=30s "
    "-c idle_in_transaction_session_timeout=30s";

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

/// A parameter of the URL; empty when it is not there.
std::string parameter(const PQconninfoOption* options, std::string_view keyword) {
  for (; options->keyword != nullptr; ++options) {
    if (options->keyword == keyword && options->val != nullptr) return options->val;
  }
  return {};
}

Error cannot_connect(std::string_view why) {
  return {Errc::unavailable, "PostgreSQL (DATABASE_URL): " + one_line(why) + "."};
}

void drop_notice(void*, const PGresult*) {}

}  // namespace

Result<Handle> connect(const ConnectOptions& options) {
  const std::string url(options.url.reveal());
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> given(PQconninfoParse(url.c_str(), &problem));
  if (!given) {
    // libpq's words may quote the URL, password and all.
    PQfreemem(problem);
    return fail(Errc::unavailable, "PostgreSQL (DATABASE_URL): the URL is not one that PostgreSQL understands.");
  }
  const std::string timeout = parameter(given.get(), "connect_timeout");
  std::string settings = parameter(given.get(), "options");
  if (options.keeps_sessions) settings = kSessionSettings + (" " + settings);
  // Later entries win over what the URL says.
  const std::array<const char*, 6> keywords{"dbname",  "fallback_application_name", "client_encoding",
                                            "options", "connect_timeout",           nullptr};
  const std::array<const char*, 6> values{url.c_str(),
                                          "kriya",
                                          "UTF8",
                                          settings.empty() ? nullptr : settings.c_str(),
                                          timeout.empty() ? "5" : timeout.c_str(),
                                          nullptr};
  constexpr int kExpandUrl = 1;
  Handle handle(PQconnectdbParams(keywords.data(), values.data(), kExpandUrl));
  if (!handle) return fail(Errc::unavailable, "Out of memory.");
  if (PQstatus(handle.get()) != CONNECTION_OK) return fail(cannot_connect(PQerrorMessage(handle.get())));
  PQsetNoticeReceiver(handle.get(), drop_notice, nullptr);
  if (PQsetnonblocking(handle.get(), 1) != 0 || PQenterPipelineMode(handle.get()) != 1) {
    return fail(cannot_connect(PQerrorMessage(handle.get())));
  }
  return handle;
}

}  // namespace kriya::storage::postgres
