#include "audit/redaction.h"

#include <limits>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "audit/secret_names.h"
#include "audit/tool_call_lines.h"
#include "crypto/random.h"
#include "phone/phone_number.h"
#include "tests/support/fake_clock.h"
#include "tests/support/tool_calls.h"

namespace kriya::audit {
namespace {

std::string clean(std::string_view text, Phones phones = Phones::masked) {
  std::int64_t ignored = 0;
  return Redaction(phones).text(text, ignored);
}

std::string clean_arguments(std::string_view text, std::vector<std::string> secret = {}) {
  std::int64_t ignored = 0;
  return json::serialize(Redaction(Phones::masked).arguments(parse_json(text)->as_object(), secret, ignored));
}

TEST(SecretNames, AreKnownInEverySpelling) {
  for (const char* name : {"password", "Password", "user_password", "newPassword", "PASSWORD_CONFIRMATION", "api_key",
                           "apiKey", "APIKEY", "X-API-Key", "client-secret", "clientSecret", "Authorization", "cookie",
                           "Set-Cookie", "private_key", "credentials", "db.passwd", "secretKey", "userpassword"}) {
    EXPECT_EQ(kind_of_name(name), NameKind::secret) << name;
  }
  for (const char* name : {"token", "access_token", "refreshToken", "accesstoken", "id-token", "csrf_token"}) {
    EXPECT_EQ(kind_of_name(name), NameKind::token) << name;
  }
  for (const char* name :
       {"code", "otp", "PIN", "verification_code", "smsCode", "OTPCode", "one_time_code", "pin_code", "backup_codes"}) {
    EXPECT_EQ(kind_of_name(name), NameKind::code) << name;
  }
  for (const char* name : {"phone_number", "phoneNumber", "mobile", "MSISDN", "to_phone", "phonenumber"}) {
    EXPECT_EQ(kind_of_name(name), NameKind::phone) << name;
  }
}

TEST(SecretNames, AreNotSeenWhereTheyAreNone) {
  for (const char* name :
       {"country_code", "language_code", "zip_code",   "postalCode",   "status_code", "errorCode",
        "code_length",  "codeChallenge", "max_tokens", "total_tokens", "token_type",  "password_policy",
        "key",          "key_id",        "shipping",   "opinion",      "encoder",     "decode",
        "compass",      "secretary",     "area-code",  "name",         "a",           ""}) {
    EXPECT_EQ(kind_of_name(name), NameKind::harmless) << name;
  }
}

TEST(Redaction, TakesOutWhatHasASecretsNameAtAnyDepth) {
  EXPECT_EQ(clean_arguments(R"({"user":"asha","auth":{"password":"hunter2","list":[{"apiKey":"k"}]}})"),
            R"({"user":"asha","auth":{"password":"[redacted]","list":[{"apiKey":"[redacted]"}]}})");
  EXPECT_EQ(clean_arguments(R"({"code":123456,"otp":"12 34","country_code":"US","zip_code":12345})"),
            R"({"code":"[redacted]","otp":"[redacted]","country_code":"US","zip_code":12345})");
  EXPECT_EQ(
      clean_arguments(R"({"credentials":{"user":"a","pass":"b"},"cookies":["a=b"],"backup_codes":["123","456"]})"),
      R"({"credentials":"[redacted]","cookies":"[redacted]","backup_codes":["[redacted]","[redacted]"]})");
}

TEST(Redaction, KeepsWhatOnlySoundsLikeASecret) {
  constexpr const char* kHarmless =
      R"({"code":"invalid_fields","max_tokens":100,"token":5,"password":null,"otp":"","status_code":404})";
  EXPECT_EQ(clean_arguments(kHarmless), R"({"code":"invalid_fields","max_tokens":100,"token":5,"password":null,)"
                                        R"("otp":"","status_code":404})");
}

TEST(Redaction, TakesOutWhatTheToolCallsSecret) {
  EXPECT_EQ(clean_arguments(R"({"answer":"blue","Answer2":"x"})", {"answer"}),
            R"({"answer":"[redacted]","Answer2":"x"})");
}

TEST(Redaction, KnowsSecretsByTheirLook) {
  const std::string own = "Vq3-nT7xKc1_Rw9zLb5YdGf2HsJm8PaUeXo4iB6kQtE";
  EXPECT_EQ(clean("see eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl now"), "see [redacted] now");
  EXPECT_EQ(clean("Authorization: Bearer abcDEF123456=="), "Authorization: [redacted]");
  EXPECT_EQ(clean("sent Basic dXNlcjpwYXNz to it"), "sent Basic [redacted] to it");
  EXPECT_EQ(clean("the client kcs_" + own + ", new"), "the client [redacted], new");
  EXPECT_EQ(clean("verification " + own), "verification [redacted]");
  EXPECT_EQ(clean("postgresql://kriya:hunter2@db:5432/kriya"), "postgresql://kriya:[redacted]@db:5432/kriya");
  EXPECT_EQ(clean("GET /api/auth/user?token=abc&x=1"), "GET /api/auth/user?token=[redacted]&x=1");
  EXPECT_EQ(clean("password: hunter2, user: asha"), "password: [redacted], user: asha");
  EXPECT_EQ(clean("my api key = abc and more"), "my api key = [redacted] and more");
  EXPECT_EQ(clean(R"(half of {"password": "hun\"ter2", "a": 1)"), R"(half of {"password": "[redacted]", "a": 1)");
  EXPECT_EQ(clean("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----"),
            "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY-----");
}

TEST(Redaction, TakesCodesOutOfTexts) {
  for (const char* text : {"Your Kriya code is 123456.", "123456 is your code", "OTP: 4711", "Use PIN 98765432 now",
                           "Tu código es 123456", "आपका कोड 123456 है", "code 123 456", "code: 123-456", "code-123456",
                           "Your code:\n123456", "G-123456 is your verification code"}) {
    const std::string found = clean(text);
    EXPECT_NE(found.find("[redacted]"), std::string::npos) << text;
    EXPECT_EQ(found.find_first_of("0123456789"), std::string::npos) << found;
  }
  EXPECT_EQ(clean("Sign in.\n\n@app.example.com #123456"), "Sign in.\n\n@app.example.com #[redacted]");
}

TEST(Redaction, LeavesOtherNumbersAlone) {
  for (const char* text :
       {"The parcel of 2026-11-21 weighs 12345 grams.", "country code 4915 is none", "status code: 2000",
        "Sum: 1234567.89", "8", "id 019aa5f4-7c00-7a3e-9d53-0d5c1b2e4f60", "Basic information on bearer channels",
        "password is required", "code ok", "room 1234, no word for one near", ""}) {
    EXPECT_EQ(clean(text), text);
  }
}

TEST(Redaction, MasksPhoneNumbersUnlessToldNotTo) {
  EXPECT_EQ(clean("Sent to +14155550123 and +1 (415) 555-0124."), "Sent to +1••••••0123 and +1••••••0124.");
  EXPECT_EQ(clean("Sent to 14155552671 in plain digits"), "Sent to 1••••••2671 in plain digits");
  EXPECT_EQ(clean("at 1763717400000 ms"), "at 1763717400000 ms") << "no country's number";
  EXPECT_EQ(clean_arguments(R"({"phone_number":"+14155550123","mobile":4155550123,"phones":["0044 20 7946 0018"]})"),
            R"({"phone_number":"+1••••••0123","mobile":"••••••0123","phones":["+44••••••0018"]})");
  EXPECT_EQ(clean("Sent to +14155550123", Phones::full), "Sent to +14155550123");
}

TEST(Redaction, MasksAsRecordsOfMessagesDo) {
  for (const char* number : {"+14155550123", "+919876543210", "+442079460018", "+79161234567", "+3725551234",
                             "+971501234567", "+35312345678", "+85251234567"}) {
    EXPECT_EQ(clean(number), PhoneNumber::parse(number)->masked());
  }
}

TEST(Redaction, TakesDocumentsInTextsApart) {
  EXPECT_EQ(clean(R"({"phone_number": "+14155550123", "items": [{"code": "123456"}]})"),
            R"({"phone_number":"+1••••••0123","items":[{"code":"[redacted]"}]})");
  EXPECT_EQ(clean(R"({ "a" : [1, 2.50] })"), R"({ "a" : [1, 2.50] })") << "nothing was found: as it was";
}

TEST(Redaction, CountsPlacesAndKeepsTrueSizes) {
  ToolCallEntry entry;
  entry.arguments = {{"code", "123456"}, {"phone_number", "+14155550123"}};
  entry.result = std::string(20'000, 'a') + "ä";
  Redaction(Phones::masked).apply(entry, {});
  EXPECT_EQ(entry.redactions, 2);
  EXPECT_EQ(entry.argument_bytes, 47);
  EXPECT_EQ(entry.result_bytes, 20'002);
  EXPECT_EQ(entry.result, std::string(16 * 1024, 'a') + "… [cut: 20002 bytes]");
}

TEST(Redaction, BoundsWhatIsKeptOfAnything) {
  ToolCallEntry entry;
  for (int i = 0; i < 1000; ++i) entry.arguments["argument " + std::to_string(i)] = std::string(10'000, 'x');
  entry.result = std::string(10'000'000, 'y');
  Redaction(Phones::masked).apply(entry, {});
  EXPECT_LT(json::serialize(entry.arguments).size(), 40'000U);
  EXPECT_LT(entry.result.size(), 17'000U);
  EXPECT_EQ(entry.result_bytes, 10'000'000);
}

TEST(Redaction, TakesOutCodesThatAreCalledSomethingElse) {
  for (const char* text :
       {"Your passcode is 482913", "Your one-time password is 482913", "Password 482913", "tu contraseña es 482913",
        "482913 is your Kriya login", "Use 482913 to sign in", "482-913 to log in"}) {
    EXPECT_EQ(clean(text).find("913"), std::string::npos) << text;
  }
  EXPECT_EQ(clean("call me at +1 - 415 - 555 - 0123"), "call me at +1••••••0123");
  EXPECT_EQ(clean_arguments(R"({"code":482913.0,"phone_number":14155550123.0})"),
            R"({"code":"[redacted]","phone_number":"•••••••0123"})");
  EXPECT_EQ(clean_arguments(R"({"+14155550123":1,"token=abc":2,"token=abd":3})"),
            R"x({"+1••••••0123":1,"token=[redacted]":2,"token=[redacted] (2)":3})x");
}

TEST(Redaction, TakesCodesOutOfAddressesWhateverTheyLookLike) {
  EXPECT_EQ(clean("https://x/?code=AbCd1234"), "https://x/?code=[redacted]");
  EXPECT_EQ(clean("GET /callback?state=s&code=sp-lx_a.b HTTP/1.1"), "GET /callback?state=s&code=[redacted] HTTP/1.1");
  EXPECT_EQ(clean("https://x/?a=1&amp;auth_code=abc&b=2"), "https://x/?a=1&amp;auth_code=[redacted]&b=2");
  for (const char* text : {"https://x/?country_code=US&b=2", "code=invalid_fields", "see https://x/code/AbCd1234"}) {
    EXPECT_EQ(clean(text), text);
  }
}

TEST(Redaction, KnowsTheDigitsOfEveryScript) {
  EXPECT_EQ(clean("code １２３４５６"), "code [redacted]");
  EXPECT_EQ(clean("आपका कोड १२३४५६ है"), "आपका कोड [redacted] है");
  EXPECT_EQ(clean("code ۱۲۳۴۵۶, ok"), "code [redacted], ok");
  EXPECT_EQ(clean("Votre code : 48\u00a021\u00a090"), "Votre code : [redacted]");
  EXPECT_EQ(clean("call +٤٤٢٠٧٩٤٦٠٩٥٨ now"), "call +44••••••0958 now");
  EXPECT_EQ(clean_arguments(R"({"phone_number":"+٤٤٢٠٧٩٤٦٠٩٥٨","otp":"१२३४५६"})"),
            R"({"phone_number":"+44••••••0958","otp":"[redacted]"})");
  for (const char* text : {"１２３ is a number", "in ١٩٩٩", "\xef\xbc", "दो कोड"}) {
    std::int64_t found = 0;
    Redaction(Phones::masked).text(text, found);
    EXPECT_EQ(found, 0) << text;
  }
}

TEST(Redaction, TakesCodesOutThatAreWrittenInGroups) {
  EXPECT_EQ(clean("PIN: 12 34 56"), "PIN: [redacted]");
  EXPECT_EQ(clean("PIN: 12 34, then enter"), "PIN: [redacted], then enter");
  EXPECT_EQ(clean("Votre code est le 48 21 90"), "Votre code est le [redacted]");
  EXPECT_EQ(clean("Your code is 12-34-56."), "Your code is [redacted].");
  EXPECT_EQ(clean("code 123 45 678 ok"), "code [redacted] ok");
  for (const char* text : {"The code expires in 10-15 minutes.", "Last login 21-11-26, 10:15", "code freeze 21 11",
                           "seats 12 34 56 are free"}) {
    EXPECT_EQ(clean(text), text);
  }
}

TEST(Redaction, MasksNumbersWithSpacesAfterTheInternationalPrefix) {
  EXPECT_EQ(clean("call 0044 20 7946 0958 now"), "call +44••••••0958 now");
  EXPECT_EQ(clean("call 0044 20 7946 0958 12 times"), "call +44••••••0958 12 times");
  for (const char* text : {"part 0012 34 56", "007 1 2", "00 10 20"}) EXPECT_EQ(clean(text), text);
}

TEST(Redaction, KnowsKeysOfOtherServicesByTheirShape) {
  // In two parts, so that no scanner takes them for real ones.
  const std::string letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  for (const std::string& mark : {std::string("sk-"), std::string("sk-proj-"), std::string("ghp_"),
                                  std::string("github_pat_"), std::string("xoxb-")}) {
    EXPECT_EQ(clean("use " + mark + letters + ", please"), "use [redacted], please") << mark;
  }
  EXPECT_EQ(clean("id AKIA" + std::string("IOSFODNN7EXAMPLE") + " there"), "id [redacted] there");
  for (const char* text : {"sk-learn-and-other-long-words", "task-2026-with-a-long-name-1", "AKIA is a prefix",
                           "ghp_short1", "risk-assessment-2026-11-21-final"}) {
    EXPECT_EQ(clean(text), text);
  }
}

TEST(Redaction, KnowsWordsForPasswordsInOtherLanguages) {
  for (const char* word :
       {"Passwort", "Kennwort", "contraseña", "mot de passe", "Mot de passe", "senha", "пароль", "Пароль", "पासवर्ड"}) {
    EXPECT_EQ(clean(std::string(word) + ": geheim123"), std::string(word) + ": [redacted]");
  }
  EXPECT_EQ(clean_arguments(R"({"passwort":"a","mot_de_passe":"b","passe":"c"})"),
            R"({"passwort":"[redacted]","mot_de_passe":"[redacted]","passe":"c"})");
}

TEST(Redaction, TakesBoundedTimeWhateverItIsGiven) {
  const auto repeated = [](std::string_view text) {
    std::string out;
    while (out.size() < 900'000) out += text;
    return out;
  };
  for (const char* text : {" #",
                           "token=",
                           "token=\"",
                           "code: ",
                           "code=1\\",
                           "phone=",
                           "password='[redacted",
                           "+1 415 555 0123 ",
                           "4155550123 ",
                           "word ",
                           "code 1234 ",
                           "otp-",
                           "eyJ.",
                           "-----BEGIN ",
                           "Bearer ",
                           "://a:b@",
                           "-----BEGIN PRIVATE KEY-----",
                           "sk-",
                           "task-",
                           "code 12 34 ",
                           "12 34 56 ",
                           "00 1 ",
                           "?code=",
                           "१",
                           "कोड १२ ",
                           "{",
                           "[\"",
                           "\n@h #"}) {
    ToolCallEntry entry;
    entry.arguments = {{"text", "a" + repeated(text)}};
    entry.result = repeated(text);
    const auto begun = std::chrono::steady_clock::now();
    Redaction(Phones::masked).apply(entry, {});
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1)) << text;
    clean(repeated(text));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10)) << text;
  }
  ToolCallEntry many;
  for (int i = 0; i < 100'000; ++i) many.arguments["code " + std::to_string(i)] = i;
  const auto begun = std::chrono::steady_clock::now();
  Redaction(Phones::masked).apply(many, {});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2));
}

TEST(Redaction, SeesASecretAcrossThePlaceOfTheCut) {
  for (const std::size_t before : {4'060U, 4'090U, 4'096U}) {
    ToolCallEntry entry;
    const std::string token = crypto::random_token();
    entry.arguments = {{"text", std::string(before - 1, 'x') + " " + token + " and " + std::string(9'000, 'y')}};
    Redaction(Phones::masked).apply(entry, {});
    EXPECT_EQ(json::serialize(entry.arguments).find(token.substr(0, 3)), std::string::npos);
  }
}

TEST(Redaction, LeavesWhatCanBeReadAgainFromItsLine) {
  for (const int levels : {1, 15, 16, 31, 32, 40}) {
    json::value deep = 1;
    for (int i = 1; i < levels; ++i)
      deep = i % 2 == 0 ? json::value(json::array{deep}) : json::value(json::object{{"a", deep}});
    ToolCallEntry entry = tests::tool_call(tests::FakeClock().now());
    entry.arguments = {{"deep", deep}, {"codes", deep}};
    entry.metadata = {
        {"client", "a\xc3"}, {"b\xff", "c\xff"}, {"b\xfe", 1}, {"n", std::numeric_limits<double>::infinity()}};
    Redaction(Phones::masked).apply(entry, {});
    EXPECT_TRUE(read_json_line(json_body(entry) + "}")) << levels;
    EXPECT_EQ(json::serialize(entry.arguments).find("[cut]") != std::string::npos, levels > 16) << levels;
    EXPECT_EQ(entry.metadata.size(), 4U);
  }
}

RC_GTEST_PROP(Redaction, LeavesAnyEntryReadable,
              (const std::vector<std::string>& texts, const std::string& result, std::uint8_t levels)) {
  ToolCallEntry entry = tests::tool_call(tests::FakeClock().now(), texts.empty() ? "t" : texts.front(), result);
  json::value deep = json::string(result);
  for (std::uint8_t i = 0; i < levels % 64; ++i) deep = json::array{deep};
  for (const std::string& text : texts) entry.arguments[text] = entry.metadata[text] = json::string(text);
  entry.arguments["deep"] = deep;
  Redaction(Phones::masked).apply(entry, {});
  const std::string body = json_body(entry);
  const auto read = read_json_line(body + "}");
  RC_ASSERT(read.has_value());
  RC_ASSERT(json_body(*read) == body);
}

RC_GTEST_PROP(Redaction, FindsNothingMoreInWhatItHasCleaned, (const std::string& noise)) {
  const std::string text = noise + " code 123456 token=abc +14155550123 " + noise;
  const std::string once = clean(text);
  std::int64_t again = 0;
  RC_ASSERT(Redaction(Phones::masked).text(once, again) == once);
}

RC_GTEST_PROP(Redaction, NeverLetsAPlantedSecretThrough, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "hello", "the", "42", "\n", "code", ": ", "\"", "{", "é", "http://x/", "a=b", "2026-11-21"));
  std::string before, after;
  for (std::size_t i = 0; i < words.size(); ++i) (i % 2 == 0 ? before : after) += words[i] + " ";
  const std::string token = crypto::random_token();
  const std::string digits = std::to_string(*rc::gen::inRange(100'000, 1'000'000));
  RC_ASSERT(clean(before + "kcs_" + token + " " + after).find(token) == std::string::npos);
  RC_ASSERT(clean(before + " Your code is " + digits + " " + after).find(digits) == std::string::npos);
  RC_ASSERT(clean(before + " +1415555" + digits.substr(2) + " " + after).find("415555") == std::string::npos);
  json::object arguments{{"depth", {{"more", {{"otp", digits}, {"text", before + "password=" + digits + "x"}}}}}};
  std::int64_t found = 0;
  const json::object cleaned = Redaction(Phones::masked).arguments(arguments, {}, found);
  RC_ASSERT(json::serialize(cleaned).find(digits) == std::string::npos);
}

}  // namespace
}  // namespace kriya::audit
