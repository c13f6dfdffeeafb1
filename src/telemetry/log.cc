#include "telemetry/log.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include "base/json.h"
#include "base/time.h"

namespace kriya::telemetry {
namespace {

constexpr std::size_t kBatchBytes = 32 * 1024;
constexpr std::chrono::milliseconds kBatchDelay{200};

std::string_view name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "info";
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// Texts that hold a space, a quote or a control character are written as JSON strings, so that one line stays one
/// line and `key=value` can be split again.
void append_text_value(std::string& out, std::string_view text) {
  const bool plain = !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos &&
                     std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (plain) {
    out += text;
  } else {
    append_json_string(out, text);
  }
}

void append_number(std::string& out, double number) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), number, std::chars_format::fixed, 3);
  out.append(text, error == std::errc{} ? end : text);
}

/// `append_text` writes a text in the form of the line.
void append_value(std::string& line, const Field& field, void (*append_text)(std::string&, std::string_view)) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    append_text(line, *text);
  } else if (const auto* whole = std::get_if<std::int64_t>(&field.value)) {
    append_json_number(line, *whole);
  } else {
    append_number(line, std::get<double>(field.value));
  }
}

std::string json_line(Level level, std::string_view message, std::initializer_list<Field> fields) {
  std::string line = "{\"time\":\"" + to_rfc3339(SystemClock{}.now()) + "\",\"level\":\"";
  line += name(level);
  line += "\",\"message\":";
  append_json_string(line, message);
  for (const Field& field : fields) {
    line += ",\"";
    line += field.name;
    line += "\":";
    append_value(line, field, append_json_string);
  }
  return line += "}\n";
}

std::string text_line(Level level, std::string_view message, std::initializer_list<Field> fields) {
  std::string line = to_rfc3339(SystemClock{}.now()) + " ";
  line += name(level);
  line += ' ';
  line += message;
  for (const Field& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    append_value(line, field, append_text_value);
  }
  return line += '\n';
}

int open_for_append(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) throw std::runtime_error("cannot open the log file " + file.string() + ": " + std::strerror(errno));
  return fd;
}

}  // namespace

/// An spdlog sink that gathers lines and writes them in one system call.
class Log::Sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit Sink(std::filesystem::path file)
      : file_(std::move(file)), fd_(file_.empty() ? STDERR_FILENO : open_for_append(file_)), immediate_(::isatty(fd_)) {
    flusher_ = std::thread([this] { flush_regularly(); });
  }

  ~Sink() override {
    {
      const std::scoped_lock lock(stop_mutex_);
      stopping_ = true;
    }
    stop_.notify_all();
    flusher_.join();
    flush();
    if (!file_.empty()) ::close(fd_);
  }

  void reopen() {
    if (file_.empty()) return;
    const int fresh = open_for_append(file_);
    const std::scoped_lock lock(mutex_);
    flush_();
    ::close(std::exchange(fd_, fresh));
  }

 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    batch_.append(line.payload.data(), line.payload.size());
    if (immediate_ || line.level >= spdlog::level::warn || batch_.size() >= kBatchBytes) flush_();
  }

  void flush_() override {
    std::string_view left = batch_;
    while (!left.empty()) {
      const ssize_t written = ::write(fd_, left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) break;  // a full disk must not stop the server; these lines are lost
      left.remove_prefix(static_cast<std::size_t>(written));
    }
    batch_.clear();
  }

  void flush_regularly() {
    std::unique_lock lock(stop_mutex_);
    while (!stop_.wait_for(lock, kBatchDelay, [this] { return stopping_; })) flush();
  }

  std::filesystem::path file_;
  int fd_;
  bool immediate_;
  std::string batch_;
  std::mutex stop_mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread flusher_;
};

Log::Log(Options options) : options_(std::move(options)), sink_(std::make_shared<Sink>(options_.file)) {}
Log::~Log() = default;

bool Log::enabled(Level level) const { return level >= options_.level; }

void Log::write(Level level, std::string_view message, std::initializer_list<Field> fields) const {
  if (!enabled(level)) return;
  const std::string line = options_.json ? json_line(level, message, fields) : text_line(level, message, fields);
  sink_->log(spdlog::details::log_msg("", to_spdlog(level), line));
}

void Log::debug(std::string_view message, std::initializer_list<Field> fields) const {
  write(Level::debug, message, fields);
}
void Log::info(std::string_view message, std::initializer_list<Field> fields) const {
  write(Level::info, message, fields);
}
void Log::warning(std::string_view message, std::initializer_list<Field> fields) const {
  write(Level::warning, message, fields);
}
void Log::error(std::string_view message, std::initializer_list<Field> fields) const {
  write(Level::error, message, fields);
}

void Log::reopen() { sink_->reopen(); }

}  // namespace kriya::telemetry
