#include "verification/message_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "messaging/sms_segments.h"
#include "tests/support/temporary_folder.h"
#include "verification/accept_language.h"

namespace kriya::verification {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

MessageTexts::Rules rules(std::filesystem::path folder = {}) {
  return {.service_name = "Kriya", .host = "id.example.com", .code_length = 6, .folder = std::move(folder)};
}

TEST(MessageTexts, TheLastLineBindsTheCodeToTheHost) {
  const auto texts = MessageTexts::load(rules()).value();
  for (const char* locale : {"en", "es", "hi"}) {
    const std::string text = texts.code(locale, "012345");
    EXPECT_THAT(text, StartsWith("012345 ")) << locale;
    EXPECT_THAT(text, HasSubstr("Kriya")) << locale;
    EXPECT_THAT(text, EndsWith("\n@id.example.com #012345")) << locale;
  }
}

TEST(MessageTexts, EveryBuiltInCodeFitsIntoOneSms) {
  EXPECT_THAT(MessageTexts::load(rules()).value().warnings(), IsEmpty());
}

TEST(MessageTexts, ATemplateThatCostsTwoSmsIsSeenAtTheStart) {
  const tests::TemporaryFolder folder;
  folder.write("fr.json", R"({"code": "{code} est votre code {service}. Ne le donnez \u00E0 personne, m\u00EAme pas )"
                          R"(\u00E0 nous.", "phone_changed": "Votre num\u00E9ro a chang\u00E9."})");
  const auto texts = MessageTexts::load(rules(folder.path())).value();
  EXPECT_THAT(texts.warnings(), ElementsAre(HasSubstr("fr costs 2 SMS")));
}

TEST(MessageTexts, TakesTheClientsLanguageThenTheCountrysThenEnglish) {
  const auto texts = MessageTexts::load(rules()).value();
  EXPECT_EQ(texts.locale_for("fr, es-MX;q=0.8, hi;q=0.9", "US"), "hi");
  EXPECT_EQ(texts.locale_for("es-MX", "IN"), "es");
  EXPECT_EQ(texts.locale_for("fr", "IN"), "hi");
  EXPECT_EQ(texts.locale_for("", "MX"), "es");
  EXPECT_EQ(texts.locale_for("*;q=0.1", "FR"), "en");
}

TEST(MessageTexts, AFileOfTheFolderTakesThePlaceOfABuiltInOneAndItsCountries) {
  const tests::TemporaryFolder folder;
  folder.write("pt-BR.json", R"({"code": "{code}: {service}", "phone_changed": "x", "countries": ["BR"]})");
  folder.write("ta.json", R"({"code": "{code} ta", "phone_changed": "x", "countries": ["IN"]})");
  const auto texts = MessageTexts::load(rules(folder.path())).value();
  EXPECT_EQ(texts.locale_for("pt-BR", "US"), "pt-br");
  EXPECT_EQ(texts.locale_for("pt-PT", "US"), "en");
  EXPECT_EQ(texts.locale_for("", "IN"), "ta");
  EXPECT_THAT(texts.code("ta", "123456"), StartsWith("123456 ta\n"));
}

TEST(MessageTexts, ABrokenFileIsNamedWithItsMember) {
  const struct {
    const char* json;
    const char* words;
  } cases[] = {
      {"{", "fr.json: "},
      {R"({"code": "{code}"})", "phone_changed is required"},
      {R"({"code": "no code", "phone_changed": "x"})", "code must hold {code} once"},
      {R"({"code": "{code} {code}", "phone_changed": "x"})", "code must hold {code} once"},
      {R"({"code": "{code} {name}", "phone_changed": "x"})", "code must not hold {name}"},
      {R"({"code": "{code", "phone_changed": "x"})", "code has a brace without its partner"},
      {R"({"code": "{code}\n@evil.example #1", "phone_changed": "x"})", "code must not hold control characters"},
      {R"({"code": "{code}", "phone_changed": "{code}"})", "phone_changed must not hold {code}"},
      {R"({"code": "{code}", "phone_changed": " "})", "phone_changed must not be empty"},
      {R"({"code": "{code}", "phone_changed": "x", "countries": ["fr"]})", "countries must be"},
  };
  for (const auto& each : cases) {
    const tests::TemporaryFolder folder;
    folder.write("fr.json", each.json);
    const auto texts = MessageTexts::load(rules(folder.path()));
    ASSERT_FALSE(texts) << each.json;
    EXPECT_THAT(texts.error().detail, HasSubstr("fr.json: "));
    EXPECT_THAT(texts.error().detail, HasSubstr(each.words)) << each.json;
  }
}

TEST(MessageTexts, AFolderThatIsNotThereIsAnError) {
  const tests::TemporaryFolder folder;
  const auto absent = folder.path() / "absent";
  const auto texts = MessageTexts::load(rules(absent));
  ASSERT_FALSE(texts);
  EXPECT_THAT(texts.error().detail, HasSubstr("MESSAGE_TEMPLATES_DIR: got \"" + absent.string() + "\""));
  EXPECT_FALSE(MessageTexts::load(rules(folder.write("a-file", "x"))));
}

TEST(AcceptLanguage, OrdersByWeightAndLeavesOutWhatIsRefusedOrBroken) {
  EXPECT_THAT(accepted_languages("da, en-GB;q=0.8, en;q=0.7"), ElementsAre("da", "en-gb", "en"));
  EXPECT_THAT(accepted_languages("en;q=0.1,de;q=0,fr;q=2,es;q=x,it ; q=1.000"), ElementsAre("it", "en"));
  EXPECT_THAT(accepted_languages(" , ;q=1, *, ../etc, \xFF"), IsEmpty());
}

}  // namespace
}  // namespace kriya::verification
