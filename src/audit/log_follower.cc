#include "audit/log_follower.h"

#include "audit/tool_call_lines.h"

namespace kriya::audit {

LogFollower::LogFollower(std::filesystem::path folder, unsigned writer, const ChainKey& key, std::uint64_t after)
    : folder_(std::move(folder)), writer_(writer), key_(key), at_(after) {}

std::optional<ToolCallEntry> LogFollower::next() {
  do {
    while (lines_) {
      const auto text = lines_->next();
      if (!text) break;
      const auto line = read_chained_line(Framing::json, *text);
      if (!line || line->link.sequence <= at_ || !key_.made(Framing::json, *line, line->previous)) continue;
      at_ = line->link.sequence;
      if (auto entry = read_json_line(*text)) return entry;
    }
  } while (open_next_file());
  return std::nullopt;
}

/// At first the file that has the next line, or the first one after it; later the one after the present one.
bool LogFollower::open_next_file() {
  std::optional<LogFile> chosen;
  for (LogFile& file : list_log_files(folder_)) {
    if (file.writer != writer_ || file.framing != Framing::json || file.first <= first_in_file_) continue;
    if (chosen && file.first > at_ + 1) break;
    const bool at_the_first = !lines_;
    chosen = std::move(file);
    if (!at_the_first) break;
  }
  if (!chosen) return false;
  first_in_file_ = chosen->first;
  lines_.emplace(open_for_reading(chosen->path));
  return true;
}

}  // namespace kriya::audit
