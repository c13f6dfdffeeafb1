#include "phone/phone_number.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "phone/phone_hash.h"

namespace kriya {
namespace {

TEST(PhoneNumber, ReadsEverySpellingOfOneNumberAsTheSame) {
  for (const char* text : {"+14155550123", "0014155550123", "tel:+14155550123", "TEL:+1-415-555-0123",
                           " +1 (415) 555-0123 ", "+1.415.555.0123", "00 1 415 555 0123", "tel:14155550123"}) {
    const auto number = PhoneNumber::parse(text);
    ASSERT_TRUE(number) << text << ": " << number.error();
    EXPECT_EQ(number->str(), "+14155550123") << text;
  }
}

TEST(PhoneNumber, DropsATrunkPrefixThatTheCountryDoesNotDialFromAbroad) {
  EXPECT_EQ(PhoneNumber::parse("+44 (0)20 7946 0018")->str(), "+442079460018");
}

TEST(PhoneNumber, RefusesANumberThatIsTooShortOnceItsTrunkPrefixIsDropped) {
  EXPECT_FALSE(PhoneNumber::parse("+4301 7048"));  // +43 1 7048
}

TEST(PhoneNumber, DropsPrefixesUntilNothingChanges) {
  for (const char* text : {"+52114155552123", "+5214155552123", "+524155552123"}) {
    EXPECT_EQ(PhoneNumber::parse(text)->str(), "+524155552123") << text;
  }
}

TEST(PhoneNumber, KeepsTheLeadingZeroThatItalyNeeds) {
  EXPECT_EQ(PhoneNumber::parse("+39 06 6982")->str(), "+39066982");
}

TEST(PhoneNumber, KeepsAnyNorthAmericanNumberOfTenDigits) {
  EXPECT_EQ(PhoneNumber::parse("+14155550123")->str(), "+14155550123");
  EXPECT_EQ(PhoneNumber::parse("+1 (999) 999-9999")->str(), "+19999999999");
  EXPECT_EQ(PhoneNumber::parse("+1 1 415 555 0123")->str(), "+14155550123") << "the trunk prefix is dropped";
}

TEST(PhoneNumber, TakesTheOriginalDocumentsExampleByItsShape) {
  const auto number = PhoneNumber::parse("+1234567890");
  ASSERT_TRUE(number);
  EXPECT_EQ(number->str(), "+1234567890");
  EXPECT_FALSE(number->is_valid());
}

TEST(PhoneNumber, KnowsAValidNumber) { EXPECT_TRUE(PhoneNumber::parse("+919876543210")->is_valid()); }

TEST(PhoneNumber, RefusesEverythingElse) {
  for (const char* text : {"",
                           "+",
                           "00",
                           "tel:",
                           "14155550123",
                           "+1415555",
                           "+1234567890123456",
                           "+04155550123",
                           "++14155550123",
                           "+1415555012a",
                           "+1 415 555 0123 ext. 5",
                           "+14155550123;ext=5",
                           "+14155550123,5",
                           "+14155550123#",
                           "+1415\t5550123",
                           "+1415\n5550123",
                           "+١٤١٥٥٥٥٠١٢٣",
                           "+１４１５５５５０１２３",
                           "＋14155550123",
                           "+1\u00a04155550123",
                           "+1\u20114155550123",
                           "+1-FLOWERS12",
                           "sip:+14155550123"}) {
    EXPECT_FALSE(PhoneNumber::parse(text)) << text;
  }
  EXPECT_FALSE(PhoneNumber::parse(std::string_view("+1415555\0000123", 13)));
}

RC_GTEST_PROP(PhoneNumber, AlwaysHasTheShapeOfE164AndReadsItselfBack, ()) {
  const auto digits = *rc::gen::container<std::string>(rc::gen::inRange('0', static_cast<char>('9' + 1)));
  if (const auto number = PhoneNumber::parse("+" + digits)) {
    const std::string& text = number->str();
    RC_ASSERT(text.size() >= 9U && text.size() <= 16U && text[0] == '+' && text[1] != '0');
    RC_ASSERT(PhoneNumber::parse(text)->str() == text);
  }
}

TEST(PhoneNumber, IsMaskedButForItsCountryAndLastFourDigits) {
  EXPECT_EQ(PhoneNumber::parse("+14155557890")->masked(), "+1••••••7890");
  EXPECT_EQ(PhoneNumber::parse("+919876543210")->masked(), "+91••••••3210");
}

TEST(PhoneNumber, NamesItsCountry) {
  EXPECT_EQ(PhoneNumber::parse("+14155550123")->region(), "US");
  EXPECT_EQ(PhoneNumber::parse("+442079460018")->region(), "GB");
  EXPECT_EQ(PhoneNumber::parse("+999123456789")->region(), "ZZ");
}

TEST(PhoneHash, DependsOnTheNumberAndTheKeyAlone) {
  const auto number = *PhoneNumber::parse("+14155550123");
  const PhoneHash hash{Secret("0123456789abcdef0123456789abcdef")};
  EXPECT_EQ(hash.of(number), PhoneHash{Secret("0123456789abcdef0123456789abcdef")}.of(number));
  EXPECT_NE(hash.of(number), PhoneHash{Secret("another key, another key, another")}.of(number));
  EXPECT_NE(hash.of(number), hash.of(*PhoneNumber::parse("+14155550124")));
  EXPECT_EQ(hash.of(number).size(), 43U);
}

}  // namespace
}  // namespace kriya
