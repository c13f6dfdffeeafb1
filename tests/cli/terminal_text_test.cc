#include "cli/terminal_text.h"

#include <gtest/gtest.h>

namespace kriya::cli {
namespace {

TEST(TerminalText, KeepsWordsAndLines) { EXPECT_EQ(terminal_text("grüß\tdich\n世界"), "grüß\tdich\n世界"); }

TEST(TerminalText, LosesWhatSteersATerminal) {
  EXPECT_EQ(terminal_text("a\x1b[2J\x07z\r"), "a[2Jz");
  EXPECT_EQ(terminal_text("a\xc2\x9b z"), "a z");    // C1: CSI
  EXPECT_EQ(terminal_text("a\xe2\x80\xaez"), "az");  // right-to-left override
  EXPECT_EQ(terminal_text("a\xff\xc3"), "a??");
}

TEST(TerminalLine, IsOneLineAndSaysWhenItIsCut) {
  EXPECT_EQ(terminal_line("a\nb", 10), "a b");
  EXPECT_EQ(terminal_line("üüü", 3), "üüü");
  EXPECT_EQ(terminal_line("üüüü", 3), "üüü…");
  EXPECT_EQ(terminal_line(std::string(1'000, 'a'), 3), "aaa…");
}

}  // namespace
}  // namespace kriya::cli
