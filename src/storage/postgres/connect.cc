#include "storage/postgres/connect.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include <libpq-fe.h>

#include "base/text.h"

namespace kriya::storage::postgres {
namespace {

constexpr const char* kConnectSeconds = "5";

// Statements are written so that an index serves them, and must stay so while statistics lag behind a growing table;
// with a general plan kept, the server plans each once a connection. Nothing of ours runs for half a minute.
constexpr std::string_view kSessionSettings =
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c statement_timeout=30s "
    "-c idle_in_transaction_session_timeout=30s";

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

std::string value_of(const Options& options, std::string_view keyword) {
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->keyword == keyword && option->val != nullptr) return option->val;
  }
  return {};
}

/// On one line, without libpq's own "connection to server at ..." in front, which the server's name says already.
std::string cause_of(std::string_view message) {
  constexpr std::string_view kFront = "connection to server";
  constexpr std::string_view kFailed = " failed: ";
  if (!message.starts_with(kFront)) return without_quotation(message);
  std::string cause;
  while (!message.empty()) {
    std::string_view line = message.substr(0, message.find('\n'));
    message.remove_prefix(std::min(line.size() + 1, message.size()));
    if (const auto at = line.find(kFailed); line.starts_with(kFront) && at != line.npos) {
      line.remove_prefix(at + kFailed.size());
      if (!cause.empty()) cause += "; ";
    } else if (line.starts_with('\t')) {
      continue;  // "Is the server running on that host ...?"
    } else if (!cause.empty()) {
      cause += ' ';
    }
    cause += trim(line);
  }
  return cause;
}

bool is_port_list(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == ','; });
}

void drop_notice(void*, const PGresult*) {}

}  // namespace

void Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

std::string without_quotation(std::string_view message) {
  return std::string(trim(message.substr(0, message.find_first_of("\"\n"))));
}

/// Several hosts stay a list. A port that is none is left out: in a URL with a stray '/' it is the password.
std::string server_name(pg_conn& connection) {
  const Options options(PQconninfo(&connection));
  std::string host = value_of(options, "host");
  if (host.empty()) host = value_of(options, "hostaddr");
  if (host.empty() && PQhost(&connection) != nullptr) host = PQhost(&connection);
  std::string name = "PostgreSQL at " + (host.empty() ? "the local socket" : host);
  if (const std::string port = value_of(options, "port"); is_port_list(port)) name += " port " + port;
  return name + ", database " + value_of(options, "dbname");
}

Result<Handle> connect(const Secret& url, std::string_view session_settings) {
  const std::string text(url.reveal());
  char* reason = nullptr;
  const Options parsed(PQconninfoParse(text.c_str(), &reason));
  if (!parsed) {
    const std::string words = without_quotation(reason == nullptr ? "out of memory" : reason);
    PQfreemem(reason);
    return fail(Errc::unavailable, "DATABASE_URL cannot be read: " + words + ".");
  }
  const std::string settings = std::string(session_settings) + " " + value_of(parsed, "options");
  // What stands before `dbname` is a default for what the URL does not say, what stands after it holds in any case.
  std::vector<const char*> keywords{"fallback_application_name"};
  std::vector<const char*> values{"kriya"};
  if (std::getenv("PGCONNECT_TIMEOUT") == nullptr) {
    keywords.push_back("connect_timeout");
    values.push_back(kConnectSeconds);
  }
  keywords.insert(keywords.end(), {"dbname", "client_encoding"});
  values.insert(values.end(), {text.c_str(), "UTF8"});
  if (!session_settings.empty()) {
    keywords.push_back("options");
    values.push_back(settings.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  constexpr int kExpandUrl = 1;
  Handle handle(PQconnectdbParams(keywords.data(), values.data(), kExpandUrl));
  if (!handle) return fail(Errc::unavailable, "There is no memory for a connection to PostgreSQL.");
  if (PQstatus(handle.get()) != CONNECTION_OK) {
    return fail(Errc::unavailable, server_name(*handle) + ": " + cause_of(PQerrorMessage(handle.get())) + ".");
  }
  PQsetNoticeReceiver(handle.get(), drop_notice, nullptr);
  return handle;
}

Result<Handle> connect_for_pipeline(const ConnectOptions& options) {
  auto handle = connect(options.url, options.keeps_sessions ? kSessionSettings : std::string_view());
  if (!handle) return handle;
  if (PQsetnonblocking(handle->get(), 1) != 0 || PQenterPipelineMode(handle->get()) != 1) {
    return fail(Errc::unavailable, server_name(**handle) + ": " + without_quotation(PQerrorMessage(handle->get())));
  }
  return handle;
}

}  // namespace kriya::storage::postgres
