// Structured logs: a message and named fields, as text for people or JSON for machines.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace kriya::telemetry {

enum class Level { debug, info, warning, error };

struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};

/// Safe to use from any thread. Never hand it a token, a code, a secret, a full phone number or a query string.
///
/// Lines below `warning` are written in batches (at most 200 ms late), so that a line a request costs no system call;
/// warnings and errors, and everything on a terminal, are written at once.
class Log {
 public:
  struct Options {
    Level level = Level::info;
    bool json = false;
    std::filesystem::path file;  // empty: standard error
  };

  /// Throws std::runtime_error when the file cannot be opened.
  explicit Log(Options options);
  ~Log();

  void debug(std::string_view message, std::initializer_list<Field> fields = {}) const;
  void info(std::string_view message, std::initializer_list<Field> fields = {}) const;
  void warning(std::string_view message, std::initializer_list<Field> fields = {}) const;
  void error(std::string_view message, std::initializer_list<Field> fields = {}) const;

  bool enabled(Level level) const;

  /// Closes and opens the file again, after log rotation (SIGHUP). Nothing is lost; standard error stays.
  void reopen();

 private:
  void write(Level level, std::string_view message, std::initializer_list<Field> fields) const;

  class Sink;
  Options options_;
  std::shared_ptr<Sink> sink_;
};

}  // namespace kriya::telemetry
