#include "audit/secret_names.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.h"

namespace kriya::audit {
namespace {

constexpr std::size_t kLongestName = 128;

template <std::size_t N>
using Words = std::array<std::string_view, N>;

constexpr auto kSecrets = std::to_array<std::string_view>(
    {"password", "passwords", "passwd", "passphrase", "passcode", "pwd", "pass", "secret", "secrets", "authorization",
     "cookie", "cookies", "credential", "credentials", "apikey", "apikeys", "jwt", "bearer", "cvv", "cvc", "contraseña",
     // Letters outside of ASCII have no lower case here.
     "contrasena", "passwort", "kennwort", "senha", "motdepasse", "пароль", "Пароль", "ПАРОЛЬ", "पासवर्ड"});
constexpr auto kTokens = std::to_array<std::string_view>({"token", "tokens"});
constexpr auto kCodes = std::to_array<std::string_view>({"code", "codes", "otp", "otps", "totp", "pin", "pins"});
constexpr auto kPhones =
    std::to_array<std::string_view>({"phone", "phones", "telephone", "mobile", "msisdn", "cellphone", "cell", "tel",
                                     "whatsapp", "recipient", "recipients", "caller", "callee"});

/// With "key" behind them they are secrets; a key alone is often only a name.
constexpr auto kOfKeys = std::to_array<std::string_view>(
    {"api", "private", "secret", "access", "master", "signing", "encryption", "auth", "hmac", "license"});

/// What stands after such a word and makes it a fact about it rather than the thing itself.
constexpr auto kFacts = std::to_array<std::string_view>(
    {"type",     "types",   "length",  "count",    "policy",   "hint",      "limit",  "usage",   "used",
     "endpoint", "url",     "uri",     "version",  "required", "expires",   "expiry", "expired", "life",
     "lifetime", "ttl",     "at",      "format",   "status",   "strength",  "method", "name",    "names",
     "changed",  "updated", "channel", "policies", "budget",   "algorithm", "domain", "path",    "consent"});

/// A code of these is public.
constexpr auto kPublicCodes = std::to_array<std::string_view>(
    {"country",    "language", "lang",     "locale",   "region",  "state",    "zip",    "postal",  "post",     "area",
     "dial",       "dialing",  "dialling", "calling",  "status",  "error",    "exit",   "return",  "response", "result",
     "reason",     "http",     "currency", "provider", "carrier", "network",  "source", "airport", "iata",     "icao",
     "iso",        "color",    "colour",   "product",  "item",    "bar",      "qr",     "promo",   "discount", "coupon",
     "province",   "county",   "city",     "tax",      "type",    "category", "class",  "risk",    "grpc",     "rpc",
     "diagnostic", "warning",  "event",    "op",       "byte",    "char",     "key",    "session", "machine"});
constexpr auto kCountsOfTokens = std::to_array<std::string_view>(
    {"max", "min", "total", "prompt", "completion", "input", "output", "num", "number", "cached", "reasoning"});

/// Written as one word, e.g. accesstoken.
constexpr auto kJoined = std::to_array<std::string_view>({"password", "passwd", "passphrase", "passcode", "secret",
                                                          "apikey", "privatekey", "secretkey", "accesskey", "masterkey",
                                                          "credentials", "authorization", "passwort", "kennwort"});
constexpr auto kJoinedTokens = std::to_array<std::string_view>(
    {"accesstoken", "refreshtoken", "idtoken", "authtoken", "sessiontoken", "csrftoken", "bearertoken", "usertoken"});
constexpr auto kJoinedCodes =
    std::to_array<std::string_view>({"verificationcode", "smscode", "otpcode", "authcode", "accesscode", "securitycode",
                                     "logincode", "pincode", "onetimecode", "confirmationcode", "mfacode", "2facode"});
constexpr auto kJoinedPhones =
    std::to_array<std::string_view>({"phonenumber", "mobilenumber", "telephonenumber", "phoneno", "mobileno"});

/// In lower case: apiKey, API_KEY, api-key are {"api", "key"}; OTPCode is {"otp", "code"}.
std::vector<std::string> words_of(std::string_view name) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto part = [&](char c) { return upper(c) || lower(c) || (c >= '0' && c <= '9') || (c & '\x80') != 0; };
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool begins =
        upper(c) && i > 0 && (lower(name[i - 1]) || (upper(name[i - 1]) && i + 1 < name.size() && lower(name[i + 1])));
    if ((!part(c) || begins) && !words.back().empty()) words.emplace_back();
    if (part(c)) words.back() += upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

template <std::size_t N>
bool ends_in(const Words<N>& endings, std::string_view word) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return word.ends_with(ending); });
}

NameKind kind_of_word(const std::string& word, const std::string& before) {
  if (is_one_of(word, kSecrets) || ends_in(kJoined, word)) return NameKind::secret;
  if (word == "passe" && before == "de") return NameKind::secret;  // mot de passe
  if ((word == "key" || word == "keys") && is_one_of(before, kOfKeys)) return NameKind::secret;
  if (is_one_of(word, kTokens) || ends_in(kJoinedTokens, word)) {
    return is_one_of(before, kCountsOfTokens) ? NameKind::harmless : NameKind::token;
  }
  if (is_one_of(word, kCodes)) {
    return word.starts_with("code") && is_one_of(before, kPublicCodes) ? NameKind::harmless : NameKind::code;
  }
  if (ends_in(kJoinedCodes, word)) return NameKind::code;
  if (is_one_of(word, kPhones) || ends_in(kJoinedPhones, word)) return NameKind::phone;
  return NameKind::harmless;
}

}  // namespace

NameKind kind_of_name(std::string_view name) {
  const std::vector<std::string> words = words_of(name.substr(0, kLongestName));
  for (std::size_t i = words.size(); i-- > 0;) {
    const NameKind kind = kind_of_word(words[i], i == 0 ? "" : words[i - 1]);
    if (kind == NameKind::harmless) continue;
    const std::string& after = i + 1 < words.size() ? words[i + 1] : "";
    if (after.empty()) return kind;
    // A code is named last (`sms_code`), or what follows tells that it is one: code_length and code_challenge are none.
    if (kind == NameKind::code && after != "value" && after != "text" && !is_one_of(after, kCodes)) continue;
    if (!is_one_of(after, kFacts)) return kind;
  }
  return NameKind::harmless;
}

}  // namespace kriya::audit
