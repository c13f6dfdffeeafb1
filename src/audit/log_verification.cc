#include "audit/log_verification.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "audit/log_folder.h"
#include "audit/log_head.h"
#include "audit/tool_call_lines.h"

namespace kriya::audit {
namespace {

constexpr int kTries = 5;

// Lines stand in the order of their ends, ids in that of their begins: so many of the first ones tell where a chain
// begins in time.
constexpr std::size_t kFirstLines = 64;

struct OpenFile {
  LogFile file;
  FileHandle handle;
};

bool same(const LogFile& left, const LogFile& right) { return left.path == right.path && left.first == right.first; }

/// All files at one moment: one that is put aside between the listing and the opening would be missed.
std::vector<OpenFile> open_all(const std::filesystem::path& folder) {
  std::vector<OpenFile> open;
  for (int tries = 0; tries < kTries; ++tries) {
    open.clear();
    const std::vector<LogFile> files = list_log_files(folder);
    for (const LogFile& file : files) open.push_back({file, open_for_reading(file.path)});
    if (std::ranges::equal(files, list_log_files(folder), same)) break;
  }
  return open;
}

/// Those that have a head.
std::set<unsigned> writers_with_heads(const std::filesystem::path& folder) {
  std::set<unsigned> writers;
  std::error_code ignored;
  for (unsigned writer = 1; writer < 100; ++writer) {
    if (std::filesystem::exists(head_file(folder, writer), ignored)) writers.insert(writer);
  }
  return writers;
}

class Verifier {
 public:
  explicit Verifier(Verification given) : given_(std::move(given)) {}

  LogReport run() {
    // The heads first: what is written meanwhile is in the files, at least.
    std::set<unsigned> writers = writers_with_heads(given_.folder);
    for (const unsigned writer : writers) read_head_of(writer);
    std::vector<OpenFile> files = open_all(given_.folder);
    for (const OpenFile& one : files) writers.insert(one.file.writer);
    compressed_ = list_compressed_files(given_.folder);
    for (const LogFile& file : compressed_) report_.not_checked.push_back(file.path.filename().string());
    for (const unsigned writer : writers) {
      for (const Framing framing : {Framing::json, Framing::text}) check_chain(files, writer, framing);
    }
    for (const Uuid& id : given_.rows) {
      if (!excused_before_ || id >= *excused_before_) report_.rows_without_line.push_back(id);
    }
    return std::move(report_);
  }

 private:
  void read_head_of(unsigned writer) {
    const auto path = head_file(given_.folder, writer);
    for (const ChainKey& key : given_.keys) {
      const ReadHead read = read_head(path, key);
      if (read.head) heads_[writer] = *read.head;
    }
    if (!heads_.contains(writer)) {
      report_.breaks.push_back({path.filename().string(), 0, "altered",
                                "What says how far the log had come was changed, or written with another MASTER_KEY."});
    }
  }

  void check_chain(std::vector<OpenFile>& files, unsigned writer, Framing framing) {
    const auto head = heads_.find(writer);
    std::optional<Link> end;
    if (head != heads_.end()) end = framing == Framing::json ? head->second.json : head->second.text;
    // Without a head only the setting tells whether lines may be gone at the beginning.
    std::optional<Link> before;
    if (!given_.old_files_may_go) before = Link();
    if (head != heads_.end()) before = framing == Framing::json ? head->second.json_before : head->second.text_before;
    if (std::ranges::any_of(compressed_,
                            [&](const LogFile& file) { return file.writer == writer && file.framing == framing; })) {
      before.reset();
    }
    ChainCheck check(framing, given_.keys, end, before);
    first_lines_ = !before || before->sequence > 0 ? kFirstLines : 0;
    bool any = false;
    for (OpenFile& one : files) {
      if (one.file.writer != writer || one.file.framing != framing) continue;
      any = true;
      read_file(one, check);
    }
    std::vector<Break> breaks = check.finish();
    const std::string current = current_file(given_.folder, writer, framing).filename().string();
    for (Break& found : breaks) {
      if (found.file.empty()) found.file = current;
      report_.breaks.push_back(std::move(found));
    }
    const bool unknown = head == heads_.end() && !std::filesystem::exists(head_file(given_.folder, writer));
    if (any && unknown && framing == Framing::json) {
      report_.breaks.push_back({head_file(given_.folder, writer).filename().string(), 0, "removed",
                                "What says how far the log had come is gone: lines may be missing at its end."});
    }
  }

  void read_file(OpenFile& one, ChainCheck& check) {
    FileReport report{.file = one.file.path.filename().string()};
    LineReader lines(std::move(one.handle));
    for (int tries = 0; tries < kTries; ++tries) {
      while (const auto line = lines.next()) {
        ++report.lines;
        if (check.add(report.file, report.lines, *line) || one.file.framing == Framing::text) {
          look_into(*line, one.file.framing, report);
        }
        if (one.file.framing == Framing::json) line_before_ = *line;
      }
      if (lines.unfinished().empty()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // a line that is being written now
    }
    if (!lines.unfinished().empty()) check.add_unfinished(report.file, report.lines + 1);
    report_.files.push_back(std::move(report));
  }

  void look_into(std::string_view line, Framing framing, FileReport& report) {
    std::string time(line.substr(0, line.find(' ')));
    if (framing == Framing::json) {
      const auto entry = read_json_line(line);
      if (!entry) return;
      time = to_rfc3339(entry->at);
      given_.rows.erase(entry->id);
      if (first_lines_ > 0) {
        --first_lines_;
        excused_before_ = std::max(excused_before_.value_or(entry->id), entry->id);
      }
      if (entry->error_kind == "head" && entry->tool_name == "kriya.tool_log" && !key_was_changed(line)) {
        report_.breaks.push_back({report.file, report.lines, "truncated",
                                  "When this line was written nobody knew how far the log had come: lines may be "
                                  "missing before it."});
      }
      if (entry->error_kind == "lost" && entry->tool_name == "kriya.tool_log") report_.lost += lost_in(*entry);
    }
    if (!parse_rfc3339(time)) return;
    if (report.first.empty()) report.first = time;
    report.last = std::move(time);
  }

  /// With a new MASTER_KEY the head of the one before cannot be read, and nothing is wrong: the line before it was made
  /// with another of the keys.
  bool key_was_changed(std::string_view line) const {
    const auto mine = key_of(line);
    const auto before = key_of(line_before_);
    return mine && before && *mine != *before;
  }

  std::optional<std::size_t> key_of(std::string_view text) const {
    const auto line = read_chained_line(Framing::json, text);
    for (std::size_t i = 0; line && i < given_.keys.size(); ++i) {
      if (given_.keys[i].made(Framing::json, *line, line->previous)) return i;
    }
    return std::nullopt;
  }

  static std::int64_t lost_in(const ToolCallEntry& entry) {
    const json::value* lost = entry.arguments.if_contains("lost");
    return lost != nullptr && lost->is_int64() ? lost->get_int64() : 0;
  }

  Verification given_;
  std::map<unsigned, LogHead> heads_;
  std::optional<Uuid> excused_before_;  // rows older than this may be of files that were rightly removed
  std::vector<LogFile> compressed_;
  std::size_t first_lines_ = 0;  // that are still looked at for it
  std::string line_before_;      // of the chain that is read
  LogReport report_;
};

}  // namespace

LogReport verify_log(Verification given) { return Verifier(std::move(given)).run(); }

}  // namespace kriya::audit
