#include "base/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kriya {
namespace {

TEST(Utf8, CountsCodePoints) {
  EXPECT_EQ(utf8_length(""), 0U);
  EXPECT_EQ(utf8_length("आशा"), 3U);
  EXPECT_EQ(utf8_length("a\U0001F600"), 2U);
}

TEST(Utf8, RefusesMalformedSequences) {
  for (const char* text : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "a\xff"}) {
    EXPECT_FALSE(utf8_length(text)) << text;
  }
}

TEST(Trim, DropsSpacesOfEveryKindAtBothEnds) {
  EXPECT_EQ(trim(" \t\u00a0\u3000Asha Rao\u2003\n"), "Asha Rao");
  EXPECT_EQ(trim(" \u00a0 "), "");
}

RC_GTEST_PROP(Trim, NeverReadsOutsideAndIsIdempotent, (const std::string& text)) {
  const std::string once(trim(text));
  RC_ASSERT(trim(once) == once);
}

TEST(PersonName, TakesEveryScriptTrimmed) {
  EXPECT_EQ(PersonName::parse("  Łukasz ")->str(), "Łukasz");
  EXPECT_EQ(PersonName::parse("मीरा")->str(), "मीरा");
  EXPECT_EQ(PersonName::parse("O'Brien-Smith")->str(), "O'Brien-Smith");
}

TEST(PersonName, IsOneToAHundredCharactersNotBytes) {
  std::string hundred;
  for (int i = 0; i < 100; ++i) hundred += "आ";
  EXPECT_TRUE(PersonName::parse(hundred));
  EXPECT_EQ(PersonName::parse(hundred + "a").error(), "must be at most 100 characters");
  EXPECT_EQ(PersonName::parse(" \t ").error(), "must not be empty");
}

TEST(PersonName, IsNotMadeOfNothingVisible) {
  for (const char* text : {"\u200b", "\u3164\u2060", "\ufeff"})
    EXPECT_EQ(PersonName::parse(text).error(), "must not be empty");
}

TEST(PersonName, RefusesControlAndDirectionCharacters) {
  for (const char* text : {"a\nb", "a\x7f", "a\u0085b", "a\u202eb", "a\u2066b", "a\u2028b"}) {
    EXPECT_EQ(PersonName::parse(text).error(), "must not contain control characters") << text;
  }
  EXPECT_FALSE(PersonName::parse(std::string_view("a\0b", 3)));
}

TEST(EmailAddress, IsLowerCased) {
  EXPECT_EQ(EmailAddress::parse(" Asha.Rao+x@Example.COM ")->str(), "asha.rao+x@example.com");
}

TEST(EmailAddress, RefusesWhatHasNotTheShape) {
  for (const char* text : {"", "a", "a@", "@b.c", "a@b", "a b@c.d", "a@b..c", ".a@b.c", "a.@b.c", "a@-b.c", "a@b-.c",
                           "a@b.c.", "a@b@c d.e", "a\n@b.c", "a@b,c.d", "<a@b.c>"}) {
    EXPECT_FALSE(EmailAddress::parse(text)) << text;
  }
  EXPECT_FALSE(EmailAddress::parse(std::string(65, 'a') + "@example.com"));
  EXPECT_FALSE(EmailAddress::parse("a@" + std::string(250, 'b') + ".com"));
}

}  // namespace
}  // namespace kriya
