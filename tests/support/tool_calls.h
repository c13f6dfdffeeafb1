// Entries for tests of the log of tool calls.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "audit/tool_log.h"
#include "crypto/random.h"

namespace kriya::tests {

inline audit::ToolCallEntry tool_call(Timestamp at, std::string tool = "add", std::string result = "8") {
  return {.id = crypto::new_uuid(at),
          .at = at,
          .session_id = "session-1",
          .tool_name = std::move(tool),
          .arguments = {{"a", 5}, {"b", 3}},
          .success = true,
          .duration = std::chrono::microseconds(1250),
          .result = std::move(result),
          .metadata = {{"model", "none"}},
          .client_id = "client-1",
          .via = "mcp",
          .decision = "allowed",
          .request_id = "request-1",
          .client_address = "203.0.113.7",
          .argument_bytes = 13,
          .result_bytes = 1};
}

inline std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

inline void write_lines(const std::filesystem::path& path, const std::vector<std::string>& lines) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  for (const std::string& line : lines) file << line << '\n';
}

}  // namespace kriya::tests
