#include "config/reference.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/text.h"
#include "config/dotenv.h"
#include "config/table.h"

namespace kriya::config {
namespace {

const std::filesystem::path kDocument = std::filesystem::path(KRIYA_SOURCE_DIR) / "docs" / "configuration.md";

std::string checked_in() {
  std::ostringstream text;
  text << std::ifstream(kDocument).rdbuf();
  return text.str();
}

// After a change of the table: KRIYA_UPDATE_DOCS=1 and this test write the document anew.
TEST(Reference, TheCheckedInDocumentIsWhatTheTableSays) {
  if (std::getenv("KRIYA_UPDATE_DOCS") != nullptr) std::ofstream(kDocument) << markdown();
  EXPECT_TRUE(checked_in() == markdown()) << kDocument << " is stale: run this test with KRIYA_UPDATE_DOCS=1";
}

TEST(Reference, HelpNamesEveryVariableAndItsDefault) {
  const std::string help = help_text();
  for (const Variable& variable : variables()) {
    EXPECT_NE(help.find("\n  " + std::string(variable.name) + " "), std::string::npos) << variable.name;
  }
  EXPECT_NE(help.find("Default: 8001."), std::string::npos);
}

TEST(Reference, HelpFitsIntoAHundredColumnsAndIsAligned) {
  std::istringstream lines(help_text());
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(utf8_length(line).value(), 100U) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
    if (!line.starts_with("  ")) continue;
    EXPECT_EQ(line[30], ' ') << line;
    EXPECT_NE(line[31], ' ') << line;
  }
}

TEST(Reference, EveryRowOfTheDocumentHasFourCells) {
  std::istringstream lines(markdown());
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    ++rows;
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
    EXPECT_EQ(bars, 5U) << line;
  }
  EXPECT_EQ(rows, variables().size());
}

TEST(Reference, TheExampleFileMeansWhatTheDocumentSays) {
  const std::string document = markdown();
  const std::size_t start = document.find("```sh\n") + 6;
  const auto example = parse_dotenv(std::string_view(document).substr(start, document.find("```", start) - start));
  ASSERT_TRUE(example);
  EXPECT_EQ(example->at("ENVIRONMENT"), "production");
  EXPECT_EQ(example->at("PORT"), "8001");
  EXPECT_EQ(example->at("JWT_SECRET_KEY"), "taken $literally");
  EXPECT_EQ(example->at("GREETING"), "two\nlines, \"quoted\"");
}

}  // namespace
}  // namespace kriya::config
