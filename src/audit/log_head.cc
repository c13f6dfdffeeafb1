#include "audit/log_head.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/log_folder.h"
#include "crypto/digest.h"

namespace kriya::audit {
namespace {

std::string written(const LogHead& head) {
  const auto line = [](const char* name, const Link& link) {
    return name + (" " + std::to_string(link.sequence)) + " " + link.hash + "\n";
  };
  std::string text = line("json", head.json) + line("text", head.text) + "stored " + std::to_string(head.stored) + "\n";
  if (head.json_before.sequence > 0) text += line("json_before", head.json_before);
  if (head.text_before.sequence > 0) text += line("text_before", head.text_before);
  return text;
}

std::string proven(const LogHead& head, const std::filesystem::path& path, const ChainKey& key) {
  const std::string text = written(head);
  return text + "mac " + key.mac("head " + path.filename().string() + "\n" + text) + "\n";
}

}  // namespace

std::filesystem::path head_file(const std::filesystem::path& folder, unsigned writer) {
  return folder / (stem_of(writer) + ".head");
}

ReadHead read_head(const std::filesystem::path& path, const ChainKey& key) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  std::ostringstream content;
  content << file.rdbuf();
  ReadHead read{.exists = true};
  LogHead head;
  std::istringstream words(content.str());
  std::string ignored;
  words >> ignored >> head.json.sequence >> head.json.hash >> ignored >> head.text.sequence >> head.text.hash >>
      ignored >> head.stored;
  const bool whole = !words.fail();
  for (std::string name; whole && words >> name && name != "mac";) {
    Link& link = name == "json_before" ? head.json_before : head.text_before;
    if (!(words >> link.sequence >> link.hash)) break;
  }
  if (whole) read.claimed = head;
  // To the byte what would be written of it.
  if (whole && crypto::equal_in_constant_time(content.str(), proven(head, path, key))) read.head = head;
  return read;
}

Result<void> write_head(const std::filesystem::path& path, const LogHead& head, const ChainKey& key) {
  const std::string bytes = proven(head, path, key);
  const std::string fresh = path.string() + ".new";
  const FileHandle file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const bool done = file.is_open() &&
                    ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
                    ::fdatasync(file.get()) == 0 && ::rename(fresh.c_str(), path.c_str()) == 0;
  if (!done) return fail(Errc::unavailable, "Cannot write " + path.string() + ": " + std::strerror(errno));
  return {};
}

}  // namespace kriya::audit
