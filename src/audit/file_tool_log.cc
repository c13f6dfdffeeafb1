#include "audit/file_tool_log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <pthread.h>
#include <unistd.h>

#include "audit/tool_call_lines.h"
#include "crypto/random.h"

namespace kriya::audit {
namespace {

constexpr std::chrono::seconds kSyncPeriod{1};
constexpr unsigned kMostWriters = 99;

/// What stands in the chain for entries that could not be written.
ToolCallEntry notice_of_lost(std::uint64_t lost, Timestamp at) {
  return {.id = crypto::new_uuid(at),
          .at = at,
          .session_id = {},
          .tool_name = "kriya.tool_log",
          .arguments = {{"lost", static_cast<std::int64_t>(lost)}},
          .success = false,
          .result = std::to_string(lost) + " entries before this one could not be written.",
          .metadata = {},
          .error_kind = "lost"};
}

/// What stands in the chain where nobody knows any more how far it had come: lines before it may be gone.
ToolCallEntry notice_of_gone_head(Timestamp at, bool exists) {
  return {.id = crypto::new_uuid(at),
          .at = at,
          .session_id = {},
          .tool_name = "kriya.tool_log",
          .arguments = {{"head", exists ? "unreadable" : "missing"}},
          .success = false,
          .result = "What says how far the log had come was gone, or changed, or written with another MASTER_KEY.",
          .metadata = {},
          .error_kind = "head"};
}

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::create_directories(folder, error)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  if (error) return fail(Errc::unavailable, "LOG_DIR: cannot make " + folder.string() + ": " + error.message() + ".");
  return {};
}

}  // namespace

FileToolLog::FileToolLog(Options options, unsigned writer, FileHandle lock, const telemetry::Log& log,
                         telemetry::Metrics& metrics)
    : options_(std::move(options)),
      writer_(writer),
      lock_(std::move(lock)),
      log_(log),
      key_(options_.master_key),
      logged_(metrics.counter("kriya_tool_calls_logged_total", "Tool calls that were written down.")),
      lost_total_(metrics.counter("kriya_tool_calls_unlogged_total",
                                  "Tool calls that a file of the log could not take; a full disk, mostly.")) {}

Result<std::unique_ptr<FileToolLog>> FileToolLog::open(Options options, const telemetry::Log& log,
                                                       telemetry::Metrics& metrics) {
  if (auto made = make_folder(options.folder); !made) return fail(std::move(made.error()));
  for (unsigned writer = 1; writer <= kMostWriters; ++writer) {
    auto lock = lock_writer(options.folder, writer);
    if (!lock) return fail(Errc::unavailable, "LOG_DIR: " + lock.error().detail + ".");
    if (!lock->is_open()) continue;
    std::unique_ptr<FileToolLog> made(new FileToolLog(std::move(options), writer, *std::move(lock), log, metrics));
    if (auto opened = made->open_files(); !opened) return fail(std::move(opened.error()));
    return made;
  }
  return fail(Errc::unavailable, "LOG_DIR: too many processes write to " + options.folder.string() + ".");
}

/// Where the files end, or where the head says that they ended: then lines are gone, and the gap must stay to be seen.
Result<void> FileToolLog::open_files() {
  const auto known = read_head(head_file(options_.folder, writer_), key_);
  const LogHead head = known.head.value_or(LogHead());
  const auto open = [&](Framing framing, const Link& at_least) {
    Link last = last_link(framing);
    if (last.sequence < at_least.sequence) last = at_least;
    return ChainedFile::open(
        {.path = current_file(options_.folder, writer_, framing), .framing = framing, .rotate_at = options_.file_bytes},
        key_, std::move(last));
  };
  auto json = open(Framing::json, head.json);
  if (!json) return fail(Errc::unavailable, "LOG_DIR: " + json.error().detail + ".");
  auto text = open(Framing::text, head.text);
  if (!text) return fail(Errc::unavailable, "LOG_DIR: " + text.error().detail + ".");
  json_ = *std::move(json);
  text_ = *std::move(text);
  const bool has_lines = json_->last().sequence > 0 || text_->last().sequence > 0;
  if (!known.head && (known.exists || has_lines)) note_head_is_gone(known.exists);
  if (known.claimed) {
    json_before_ = known.claimed->json_before;
    text_before_ = known.claimed->text_before;
  }
  stored_ = std::min(head.stored, json_->last().sequence);
  behind_ = json_->last().sequence > stored_;
  sync();
  thread_ = std::thread([this] { sync_until_stopped(); });
  return {};
}

void FileToolLog::note_head_is_gone(bool exists) {
  log_.error("the head of the log of tool calls is gone or cannot be read; lines may be missing at its end",
             {{"writer", static_cast<std::int64_t>(writer_)}});
  const ToolCallEntry notice = notice_of_gone_head(SystemClock().now(), exists);
  std::vector<std::string> json{json_body(notice)};
  std::vector<std::string> text{readable_body(notice)};
  const std::lock_guard lock(mutex_);
  add(*json_, json, lost_json_);
  add(*text_, text, lost_text_);
}

Link FileToolLog::last_link(Framing framing) const {
  Link last;
  for (const LogFile& file : list_log_files(options_.folder)) {
    if (file.writer != writer_ || file.framing != framing) continue;
    const FileEnd end = end_of_file(file.path, framing);
    if (end.last && end.last->sequence > last.sequence) last = *end.last;
  }
  return last;
}

FileToolLog::~FileToolLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (json_ && text_) sync();
}

void FileToolLog::append(const ToolCallEntry& entry) {
  std::vector<std::string> json{json_body(entry)};
  std::vector<std::string> text{readable_body(entry)};
  Pending pending{0, entry};
  bool written = false;
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t lost = lost_json_;
    std::optional<Pending> notice;
    if (lost > 0) notice.emplace(0, notice_of_lost(lost, entry.at));
    if (notice) json.insert(json.begin(), json_body(notice->entry));
    if (lost_text_ > 0) text.insert(text.begin(), readable_body(notice_of_lost(lost_text_, entry.at)));
    written = add(*json_, json, lost_json_);
    const bool readable = add(*text_, text, lost_text_);
    if (written) pending.sequence = json_->last().sequence;
    if (written && notice) {
      notice->sequence = pending.sequence - 1;
      enqueue(*std::move(notice));
    }
    enqueue(std::move(pending));
    if (written && readable) failing_ = false;
  }
  if (written) logged_.add();
}

bool FileToolLog::add(ChainedFile& file, std::vector<std::string>& bodies, std::uint64_t& lost) {
  if (file.append(bodies)) {
    lost = 0;
    return true;
  }
  ++lost;
  lost_total_.add();
  say_failure(file.failure());
  return false;
}

void FileToolLog::say_failure(int error) {
  if (std::exchange(failing_, true)) return;
  log_.error("the log of tool calls cannot be written; calls go on and are counted",
             {{"cause", std::string_view(std::strerror(error))}});
}

/// What does not fit is read from the file later; what is in no file stays in any case.
void FileToolLog::enqueue(Pending pending) {
  if (pending.sequence == 0) {
    if (queue_.size() < 2 * options_.queue) queue_.push_back(std::move(pending));
    return;
  }
  if (queue_.size() >= options_.queue) behind_ = true;
  if (!behind_) queue_.push_back(std::move(pending));
}

FileToolLog::Batch FileToolLog::unstored(std::size_t limit) {
  Batch batch;
  std::uint64_t end = 0;
  {
    const std::lock_guard lock(mutex_);
    batch.through = stored_;
    for (; !queue_.empty() && batch.entries.size() < limit; queue_.pop_front()) {
      batch.through = std::max(batch.through, queue_.front().sequence);
      batch.entries.push_back(std::move(queue_.front().entry));
    }
    if (!batch.entries.empty() || !behind_) return batch;
    end = json_->last().sequence;
    if (!follower_) follower_.emplace(options_.folder, writer_, key_, stored_);
  }
  while (batch.entries.size() < limit) {
    auto entry = follower_->next();
    if (!entry) break;
    batch.entries.push_back(*std::move(entry));
  }
  batch.through = std::max(batch.through, follower_->at());
  const std::lock_guard lock(mutex_);
  if (batch.entries.size() < limit && json_->last().sequence == end) {  // all was read, and nothing came meanwhile
    behind_ = false;
    follower_.reset();
  }
  return batch;
}

void FileToolLog::stored(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  stored_ = std::max(stored_, batch.through);
}

void FileToolLog::reopen() {
  const std::lock_guard lock(mutex_);
  for (ChainedFile* file : {&*json_, &*text_}) {
    if (const auto opened = file->reopen(); !opened) {
      log_.error("a file of the log of tool calls stays as it was",
                 {{"cause", std::string_view(opened.error().detail)}});
    }
  }
}

void FileToolLog::sync() {
  const std::lock_guard one_at_a_time(syncing_);
  LogHead head;
  std::shared_ptr<const FileHandle> json;
  std::shared_ptr<const FileHandle> text;
  {
    const std::lock_guard lock(mutex_);
    head = {.json = json_->last(),
            .text = text_->last(),
            .stored = stored_,
            .json_before = json_before_,
            .text_before = text_before_};
    json = json_->handle();
    text = text_->handle();
  }
  const bool rotated = json != synced_json_ || text != synced_text_;
  if (head == written_head_ && !rotated) return;
  for (const auto& file :
       {synced_json_ != json ? synced_json_ : nullptr, json, synced_text_ != text ? synced_text_ : nullptr, text}) {
    if (file) ::fdatasync(file->get());
  }
  synced_json_ = std::move(json);
  synced_text_ = std::move(text);
  // The head goes first: a file that it still counts on must not be gone.
  const auto old = rotated ? old_files(head) : std::vector<std::filesystem::path>();
  if (!write_head(head_file(options_.folder, writer_), head, key_)) return;
  written_head_ = head;
  json_before_ = head.json_before;
  text_before_ = head.text_before;
  for (const auto& path : old) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
}

/// Those that are more than are kept, oldest first; never one whose lines are no rows yet. The head is moved behind
/// them.
std::vector<std::filesystem::path> FileToolLog::old_files(LogHead& head) const {
  std::vector<std::filesystem::path> old;
  if (options_.kept_files == 0) return old;
  for (const Framing framing : {Framing::json, Framing::text}) {
    std::vector<LogFile> files = list_log_files(options_.folder);
    const auto current = current_file(options_.folder, writer_, framing);
    std::erase_if(files, [&](const LogFile& file) {
      return file.writer != writer_ || file.framing != framing || file.path == current;
    });
    for (std::size_t i = 0; i + options_.kept_files < files.size(); ++i) {
      if (framing == Framing::json && files[i + 1].first > head.stored + 1) break;
      Link& before = framing == Framing::json ? head.json_before : head.text_before;
      const FileEnd end = end_of_file(files[i].path, framing);
      if (end.last && end.last->sequence > before.sequence) before = *end.last;
      old.push_back(files[i].path);
    }
  }
  return old;
}

void FileToolLog::sync_until_stopped() {
  pthread_setname_np(pthread_self(), "tool-log");
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kSyncPeriod, [this] { return stopping_; })) {
    lock.unlock();
    sync();
    lock.lock();
  }
}

}  // namespace kriya::audit
