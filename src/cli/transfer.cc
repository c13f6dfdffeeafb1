// kriya export and kriya import: all data as a file, out of one database and into another.
#include "storage/transfer.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/complaint.h"
#include "cli/local_store.h"

namespace kriya::cli {
namespace {

constexpr const char* kAgain = " What stood before is stored; corrected and run again, import goes on from there.";

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

bool is_standard(const std::string& name) { return name.empty() || name == "-"; }

/// A line on standard error for every hundred thousand rows of a table.
void show_progress(std::string_view table, std::int64_t rows) {
  constexpr std::int64_t kStep = 100'000;
  if (rows > 0 && rows % kStep == 0) {
    std::fprintf(stderr, "%.*s: %lld rows\n", static_cast<int>(table.size()), table.data(),
                 static_cast<long long>(rows));
  }
}

/// The store, as long as its schema is the very one that this program knows: of what a newer one has, rows would get
/// lost or stay without what they need.
std::unique_ptr<LocalStore> open_exact() {
  auto store = LocalStore::open();
  if (store && store->schema_version() > app::known_schema_version(store->settings())) {
    report("the database schema is newer than this kriya; export and import with the newer one.");
    return nullptr;
  }
  return store;
}

Result<void> write_line(std::FILE* file, std::string_view line) {
  const bool written = std::fwrite(line.data(), 1, line.size(), file) == line.size() && std::fputc('\n', file) != EOF;
  if (!written) return fail(Errc::unavailable, std::string("The export cannot be written: ") + std::strerror(errno));
  return {};
}

/// At most kLongestTransferLine bytes, so that a file without line ends does not fill the memory.
Result<std::optional<std::string>> read_line(std::FILE* file) {
  std::string line;
  for (int c = std::getc(file); c != EOF; c = std::getc(file)) {
    if (c == '\n') return line;
    if (line.size() == storage::kLongestTransferLine) {
      return fail(Errc::bad_request, "The file has a line of more than 1 MiB: it is no file of kriya export.");
    }
    line += static_cast<char>(c);
  }
  if (std::ferror(file) != 0) {
    return fail(Errc::unavailable, std::string("The file cannot be read: ") + std::strerror(errno));
  }
  if (line.empty()) return std::optional<std::string>();
  return line;
}

Task<Result<void>> write_all(LocalStore& store, std::FILE* file) {
  const int version = app::known_schema_version(store.settings());
  const storage::LineSink write = [file](std::string_view line) { return write_line(file, line); };
  const auto rows = co_await storage::export_all(store.database(), version, SystemClock{}.now(), write, show_progress);
  if (!rows) co_return fail(rows.error());
  if (std::fflush(file) != 0 || (::fsync(::fileno(file)) != 0 && errno != EINVAL && errno != EROFS)) {
    co_return fail(Errc::unavailable, std::string("The export cannot be written: ") + std::strerror(errno));
  }
  std::fprintf(stderr, "exported %lld rows\n", static_cast<long long>(*rows));
  co_return Result<void>();
}

int export_to(const std::string& name) {
  const auto store = open_exact();
  if (!store) return 1;
  if (is_standard(name)) return LocalStore::run(write_all(*store, stdout));
  const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return report(name + " cannot be made: " + std::strerror(errno));
  const File file(::fdopen(fd, "w"));
  const int exit_code = LocalStore::run(write_all(*store, file.get()));
  if (exit_code != 0) ::unlink(name.c_str());
  return exit_code;
}

Task<Result<void>> read_all(LocalStore& store, std::FILE* file) {
  const int version = app::known_schema_version(store.settings());
  const storage::LineSource read = [file] { return read_line(file); };
  const auto count = co_await storage::import_all(store.database(), version, read, show_progress);
  if (!count) co_return fail(count.error().code, count.error().detail + kAgain);
  std::printf("imported %lld rows; %lld were there already\n", static_cast<long long>(count->inserted),
              static_cast<long long>(count->already_there));
  if (count->without_parent > 0) {
    std::printf("left out %lld tokens of users that are not there\n", static_cast<long long>(count->without_parent));
  }
  co_return Result<void>();
}

int import_from(const std::string& name) {
  const auto store = open_exact();
  if (!store) return 1;
  if (is_standard(name)) return LocalStore::run(read_all(*store, stdin));
  const File file(std::fopen(name.c_str(), "re"));
  if (!file) return report(name + " cannot be opened: " + std::strerror(errno));
  return LocalStore::run(read_all(*store, file.get()));
}

void add_command(CLI::App& app, const char* name, const char* description, const char* footer, int& exit_code,
                 int (*run)(const std::string&)) {
  CLI::App* command = app.add_subcommand(name, description);
  const auto file = std::make_shared<std::string>();
  command->add_option("file", *file, "Standard input or output when left out, or -");
  command->footer(footer);
  command->callback([file, run, &exit_code] { exit_code = run(*file); });
}

}  // namespace

void add_export(CLI::App& app, int& exit_code) {
  add_command(
      app, "export", "Write all data to a new file (mode 0600), for import into another database",
      "JSON Lines: people and the trail of their tokens, and the signing keys as they are stored, sealed under\n"
      "MASTER_KEY. Stop the servers first: what they write meanwhile may be missing.",
      exit_code, export_to);
}

void add_import(CLI::App& app, int& exit_code) {
  add_command(app, "import", "Store what export wrote in the database that DATABASE_URL names, after kriya migrate",
              "Rows that are there already stay as they are, so it may be run again. The signing keys open under the\n"
              "MASTER_KEY (or JWT_SECRET_KEY, its default) that the exporting side had, and no other.",
              exit_code, import_from);
}

}  // namespace kriya::cli
