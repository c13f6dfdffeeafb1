#include "mcp/protocol.h"

#include <gtest/gtest.h>

namespace kriya::mcp {
namespace {

TEST(McpProtocol, KnowsItsVersionsAndTheirEras) {
  EXPECT_EQ(find_version("2025-11-25"), version::k2025_11_25);
  EXPECT_FALSE(find_version("2024-11-05"));
  EXPECT_EQ(era_of("2025-11-25"), Era::legacy);
  EXPECT_EQ(era_of("2026-07-28"), Era::modern);
}

TEST(McpProtocol, EncodesHeaderValuesAsTheSpecificationShows) {
  const std::pair<std::string, std::string> examples[] = {
      {"us-west1", "us-west1"},
      {"Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="},
      {" padded ", "=?base64?IHBhZGRlZCA=?="},
      {"line1\nline2", "=?base64?bGluZTEKbGluZTI=?="},
      {"=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="},
      {"", ""},
  };
  for (const auto& [text, value] : examples) {
    EXPECT_EQ(encode_header_value(text), value);
    EXPECT_EQ(decode_header_value(value), text);
  }
}

TEST(McpProtocol, RefusesHeaderValuesThatHoldSomethingElse) {
  EXPECT_FALSE(decode_header_value("=?base64?!!?="));
  EXPECT_FALSE(decode_header_value("=?base64?SGVsbG8?="));  // without its padding
  EXPECT_FALSE(decode_header_value("caf\xc3\xa9"));
  EXPECT_EQ(decode_header_value("=?BASE64?SGVsbG8=?="), "=?BASE64?SGVsbG8=?=");  // the marker is lower-case
}

}  // namespace
}  // namespace kriya::mcp
