// What is said to Redis and what it answers (RESP2), by hiredis's formatter and reader. No sockets.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

struct redisReader;

namespace kriya::storage::ephemeral {

/// A command as Redis reads it. Words are any bytes.
std::string redis_command(std::initializer_list<std::string_view> words);

/// One answer, or a part of one.
struct Reply {
  enum class Kind { text, status, error, integer, array, nil };

  Kind kind = Kind::nil;
  std::string text;            // text, status and error
  std::int64_t integer = 0;    // integer
  std::vector<Reply> parts{};  // array

  bool is_error() const { return kind == Kind::error; }
  bool is_error(std::string_view code) const;  // the first word of an error, e.g. "NOSCRIPT"
};

/// Takes bytes as they arrive and gives answers as they are complete. Not safe to share between threads.
class ReplyReader {
 public:
  // Nothing that is asked here has larger answers: beyond this the other side is no Redis, or not ours.
  static constexpr std::size_t kMostParts = 1024;
  static constexpr std::size_t kMostUnreadBytes = std::size_t{1} << 20;

  ReplyReader();

  void feed(std::string_view bytes);

  /// The next answer, nullopt when more bytes are needed. After an error (in words) the reader is of no more use.
  tl::expected<std::optional<Reply>, std::string> next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace kriya::storage::ephemeral
