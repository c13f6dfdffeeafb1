// A real Redis of its own for a test, which can be killed, started again and held still.
#pragma once

#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

#include "storage/ephemeral/redis_options.h"
#include "tests/support/temporary_folder.h"

namespace kriya::tests {

class RedisServer {
 public:
  /// `settings` as tests/support/redis_server.sh takes them, e.g. "--tls 'requirepass=x'".
  explicit RedisServer(const std::string& settings = "") : tls_(settings.find("--tls") != std::string::npos) {
    script("start", settings);
    port_ = std::stoi(read("port"));
  }
  ~RedisServer() {
    resume();
    output_of(script_line("remove", ""));
  }
  RedisServer(const RedisServer&) = delete;

  storage::ephemeral::RedisOptions options() const {
    storage::ephemeral::RedisOptions options;
    options.host = tls_ ? "localhost" : "127.0.0.1";
    options.port = static_cast<std::uint16_t>(port_);
    options.tls = tls_;
    if (tls_) options.ca_file = folder_.path() / "redis" / "ca.pem";
    return options;
  }

  void stop() { script("stop", ""); }  // as on a crash; what it held is gone
  void restart() { script("restart", ""); }

  void hold() { ::kill(std::stoi(read("pid")), SIGSTOP); }  // accepts connections (the kernel does) and says nothing
  void resume() {
    if (const std::string pid = read("pid"); !pid.empty()) ::kill(std::stoi(pid), SIGCONT);
  }

  /// What `redis-cli` prints, e.g. for "SCRIPT FLUSH".
  std::string command(const std::string& words) const {
    return output_of("redis-cli -p " + std::to_string(port_) + " " + words);
  }

 private:
  std::string read(const std::string& name) const {
    std::string text;
    std::ifstream(folder_.path() / "redis" / name) >> text;
    return text;
  }

  std::string script_line(const std::string& verb, const std::string& settings) const {
    return std::string(KRIYA_SOURCE_DIR "/tests/support/redis_server.sh ") + verb + " " +
           (folder_.path() / "redis").string() + " " + settings;
  }

  void script(const std::string& verb, const std::string& settings) const { output_of(script_line(verb, settings)); }

  static std::string output_of(const std::string& line) {
    FILE* pipe = ::popen(line.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen");
    std::string output;
    std::array<char, 4096> chunk;
    while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), pipe)) output.append(chunk.data(), size);
    if (::pclose(pipe) != 0) throw std::runtime_error(line + ": " + output);
    return output;
  }

  TemporaryFolder folder_;
  bool tls_;
  int port_ = 0;
};

}  // namespace kriya::tests
