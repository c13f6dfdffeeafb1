// kriya audit: whether the log of tool calls is as it was written, and what is in it.
#include <cstdio>
#include <iostream>

#include <unistd.h>

#include "audit/log_verification.h"
#include "audit/tool_call_history.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/local_store.h"

namespace kriya::cli {
namespace {

constexpr std::int64_t kComparedRows = 10'000;

struct VerifyArguments {
  bool as_json = false;
  bool files_only = false;
  bool old_keys = false;
};

/// One MASTER_KEY a line.
std::vector<audit::ChainKey> keys_from_standard_input() {
  std::vector<audit::ChainKey> keys;
  for (std::string line; std::getline(std::cin, line);) {
    if (!trim(line).empty()) keys.emplace_back(Secret(std::string(trim(line))));
  }
  return keys;
}

Task<Result<std::set<Uuid>>> newest_rows(storage::Database& database) {
  audit::ToolCallStore store(database);
  const auto rows = co_await store.list({.limit = kComparedRows}, command_deadline());
  if (!rows) co_return fail(rows.error());
  std::set<Uuid> ids;
  for (const audit::ToolCallEntry& entry : *rows) ids.insert(entry.id);
  co_return ids;
}

/// Only where all rows are this machine's: other instances on the same PostgreSQL have files of their own.
std::set<Uuid> rows_with_lines_here(const config::Settings& settings) {
  if (settings.database.engine != config::DatabaseUrl::Engine::sqlite) return {};
  const auto store = LocalStore::open();
  auto rows =
      store ? run_to_completion(newest_rows(store->database())) : Result<std::set<Uuid>>(fail(Errc::unavailable, ""));
  if (rows) return *std::move(rows);
  std::fputs("kriya: the database cannot be read, so only the files are checked\n", stderr);
  return {};
}

void print(const audit::LogReport& report) {
  for (const audit::FileReport& file : report.files) {
    std::printf("%-44s %8llu lines  %s  %s\n", file.file.c_str(), static_cast<unsigned long long>(file.lines),
                file.first.c_str(), file.last.c_str());
  }
  for (const audit::Break& found : report.breaks) {
    std::printf("%s:%llu: %s. %s\n", found.file.c_str(), static_cast<unsigned long long>(found.line),
                found.what.c_str(), found.detail.c_str());
  }
  if (!report.rows_without_line.empty()) {
    std::printf("removed. %zu row(s) of the database have no line, the first is %s.\n", report.rows_without_line.size(),
                report.rows_without_line.front().str().c_str());
  }
  if (report.lost > 0) {
    std::printf("%lld entries could not be written, as the log itself says.\n", static_cast<long long>(report.lost));
  }
  for (const std::string& name : report.not_checked) {
    std::printf("%s: not checked, nor whether lines before those of the other files are there: unpack it first.\n",
                name.c_str());
  }
  const bool good = report.good() && report.rows_without_line.empty();
  if (good && !report.not_checked.empty()) {
    std::puts("Every line that was checked is there, and as it was written.");
  } else {
    std::puts(good ? "Every line is there, and as it was written." : "The log is NOT as it was written.");
  }
}

void print_json(const audit::LogReport& report) {
  json::array files;
  for (const audit::FileReport& file : report.files) {
    files.push_back({{"file", file.file}, {"lines", file.lines}, {"first", file.first}, {"last", file.last}});
  }
  json::array breaks;
  for (const audit::Break& found : report.breaks) {
    breaks.push_back({{"file", found.file}, {"line", found.line}, {"what", found.what}, {"detail", found.detail}});
  }
  json::array not_checked;
  for (const std::string& name : report.not_checked) not_checked.push_back(json::string(name));
  json::array rows;
  for (const Uuid& id : report.rows_without_line) rows.push_back(json::value(id.str()));
  const json::object all{{"good", report.good() && rows.empty()},
                         {"files", files},
                         {"breaks", breaks},
                         {"rows_without_line", rows},
                         {"not_checked", not_checked},
                         {"lost", report.lost}};
  std::cout << all << '\n';
}

int verify(const VerifyArguments& arguments) {
  const auto configuration = load_configuration();
  if (!configuration) return 1;
  const config::Settings& settings = configuration->settings;
  audit::Verification given{.folder = settings.log_dir, .keys = {}, .old_files_may_go = settings.tool_log_files > 0};
  given.keys.emplace_back(settings.master_key);
  if (arguments.old_keys) {
    for (auto& key : keys_from_standard_input()) given.keys.push_back(std::move(key));
  }
  if (!arguments.files_only) given.rows = rows_with_lines_here(settings);
  const audit::LogReport report = audit::verify_log(std::move(given));
  if (report.files.empty() && report.breaks.empty()) {
    std::fprintf(stderr, "kriya: there is no log of tool calls in %s\n", settings.log_dir.c_str());
  }
  if (arguments.as_json) {
    print_json(report);
  } else {
    print(report);
  }
  if (!report.good() || !report.rows_without_line.empty()) return 1;
  return report.not_checked.empty() ? 0 : 2;
}

struct ListArguments {
  std::string tool;
  std::string user;
  std::string since;
  std::int64_t limit = 20;
  bool as_json = false;
};

/// A time, or a day, which begins at midnight UTC.
std::optional<Timestamp> read_time(const std::string& text) {
  if (const auto time = parse_rfc3339(text)) return time;
  return parse_rfc3339(text + "T00:00:00Z");
}

void print_line(const audit::ToolCallRecord& record) {
  std::printf("%s  %s  %-24s %-7s %9.3f ms  %-8s %s\n", record.id.str().c_str(),
              to_rfc3339(record.timestamp).substr(0, 19).c_str(), record.tool_name.c_str(),
              std::string(schema::word_of(record.status)).c_str(), record.duration_ms, record.via.c_str(),
              record.user_id ? record.user_id->str().c_str() : record.client_id.c_str());
}

Task<Result<void>> list(LocalStore& store, ListArguments given) {
  audit::ToolCallFilter filter;
  filter.limit = given.limit;
  if (!given.tool.empty()) filter.tool_name = given.tool;
  if (!given.user.empty()) {
    filter.user_id = Uuid::parse(given.user);
    if (!filter.user_id) co_return fail(Errc::invalid_fields, "'" + given.user + "' is no user id.");
  }
  if (!given.since.empty()) {
    filter.from = read_time(given.since);
    if (!filter.from) {
      co_return fail(Errc::invalid_fields, "'" + given.since + "' is no time like 2026-11-21 or 2026-11-21T09:30:00Z.");
    }
  }
  audit::ToolCallStore calls(store.database());
  auto found = co_await calls.list(std::move(filter), command_deadline());
  if (!found) co_return fail(found.error());
  for (audit::ToolCallEntry& entry : *found) {
    const audit::ToolCallRecord record = audit::record_of(std::move(entry));
    if (given.as_json) {
      std::puts(schema::write(record).c_str());
    } else {
      print_line(record);
    }
  }
  co_return Result<void>();
}

}  // namespace

void add_audit(CLI::App& app, int& exit_code) {
  CLI::App* audit = app.add_subcommand("audit", "Check and read the log of tool calls");
  audit->require_subcommand(1);

  const auto verifying = std::make_shared<VerifyArguments>();
  CLI::App* verify_command = audit->add_subcommand(
      "verify", "Check every line in LOG_DIR: 1 when one was removed, altered, reordered or torn");
  verify_command->add_flag("--json", verifying->as_json, "The findings as one JSON object");
  verify_command->add_flag("--files-only", verifying->files_only, "Do not compare with the rows of the database");
  verify_command->add_flag("--old-keys", verifying->old_keys,
                           "Lines from before a change of MASTER_KEY are good, too: reads the old ones from standard "
                           "input, one a line");
  verify_command->callback([verifying, &exit_code] { exit_code = verify(*verifying); });

  const auto listing = std::make_shared<ListArguments>();
  CLI::App* list_command = audit->add_subcommand("list", "The newest calls, from the database");
  list_command->add_option("--tool", listing->tool, "Only those of this tool");
  list_command->add_option("--user", listing->user, "Only those of this user, by id");
  list_command->add_option("--since", listing->since, "Only those since 2026-11-21, or 2026-11-21T09:30:00Z");
  list_command->add_option("--limit", listing->limit, "How many")->check(CLI::Range(1, 100'000))->capture_default_str();
  list_command->add_flag("--json", listing->as_json, "One JSON object a line");
  list_command->callback([listing, &exit_code] {
    const auto store = LocalStore::open();
    exit_code = store ? LocalStore::run(list(*store, *listing)) : 1;
  });
}

}  // namespace kriya::cli
