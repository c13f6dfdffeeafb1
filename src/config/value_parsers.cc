#include "config/value_parsers.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/time.h"
#include "config/url.h"

namespace kriya::config {
namespace {

using std::string_view;

constexpr std::size_t kMostShownBytes = 80;
constexpr unsigned kMostRedisDatabase = 99999;

/// ISO 3166-1 alpha-2; and AC, TA and XK, which are reserved there and have numbers of their own.
constexpr string_view kCountries =
    "AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW "
    "BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ "
    "FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ "
    "IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH "
    "MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL "
    "PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC "
    "TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_visible_ascii(char c) { return c > ' ' && c < 0x7f; }

/// Two capital letters.
bool is_country(string_view letters) {
  for (std::size_t at = 0; at < kCountries.size(); at += 3) {
    if (kCountries.substr(at, 2) == letters) return true;
  }
  return false;
}

/// user:password@ becomes ***@, generously: from the first "//" to the last '@'.
std::string without_user(string_view value) {
  const std::size_t at = value.rfind('@');
  if (at == string_view::npos) return std::string(value);
  const std::size_t slashes = value.find("//");
  const std::size_t start = slashes != string_view::npos && slashes < at ? slashes + 2 : 0;
  return std::string(value.substr(0, start)) + "***" + std::string(value.substr(at));
}

/// The entries of a list, each through `parse_entry`; the first bad one ends it.
template <class T>
Parsed<std::vector<T>> parse_each(string_view text, auto parse_entry) {
  std::vector<T> entries;
  for (const string_view entry : split_list(text)) {
    Parsed<T> parsed = parse_entry(entry);
    if (!parsed) return not_allowed(std::move(parsed.error()));
    entries.push_back(*std::move(parsed));
  }
  return entries;
}

Parsed<std::string> parse_origin(string_view text) {
  const auto refuse = [&](const std::string& reason) { return not_allowed(in_quotes(text) + " " + reason); };
  if (text == "*") return refuse("would let every site in");
  const auto url = parse_url(text);
  if (!url) return refuse(url.error());
  if (!url->is_http()) return refuse("is neither http nor https");
  if (url->has_user || url->has_query || url->has_fragment || !url->path.empty()) {
    return refuse("has more than scheme://host[:port]");
  }
  return url->origin();
}

/// What stands before the '@' of a URL that parse_url found to have one.
string_view user_of(string_view url) {
  url.remove_prefix(url.find("://") + 3);
  return url.substr(0, url.find('@'));
}

/// Unlike in a query, '+' in a URL's user and password is itself.
std::optional<std::string> decode_user(string_view text) {
  std::string escaped;
  for (const char c : text) c == '+' ? escaped += "%2B" : escaped += c;
  return percent_decode(escaped);
}

/// user:password or :password, with % escapes.
Parsed<void> read_user(string_view text, RedisUrl& redis) {
  const std::size_t colon = text.find(':');
  if (colon == string_view::npos || colon + 1 == text.size()) return not_allowed("has a user without a password");
  const auto user = decode_user(text.substr(0, colon));
  const auto password = decode_user(text.substr(colon + 1));
  if (!user || !password) return not_allowed("has a broken % escape in its user or password");
  redis.user = *user;
  redis.password = Secret(*password);
  return {};
}

}  // namespace

std::string in_quotes(string_view value) {
  const std::string shown = without_user(value);
  std::string text = "\"";
  for (const char c : string_view(shown).substr(0, kMostShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_control(c) || byte >= 0x80) {
      text += "\\x" + hex_encode(string_view(&c, 1));
    } else {
      text += c;
    }
  }
  return text + (shown.size() > kMostShownBytes ? "…\"" : "\"");
}

std::vector<string_view> split_list(string_view text) {
  std::vector<string_view> entries;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (const string_view entry = trim(text.substr(0, comma)); !entry.empty()) entries.push_back(entry);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return entries;
}

Parsed<bool> parse_boolean(string_view text) {
  const auto is = [&](string_view word) { return equals_ignoring_case(text, word); };
  if (is("true") || is("1") || is("yes") || is("on")) return true;
  if (is("false") || is("0") || is("no") || is("off")) return false;
  return not_allowed();
}

Parsed<Secret> parse_secret(string_view text, std::size_t least) {
  if (trim(text).size() != text.size()) return not_allowed("begins or ends with white space");
  if (text.size() < least) return not_allowed();
  return Secret(std::string(text));
}

Parsed<Secret> parse_key(string_view text) {
  if (!std::ranges::all_of(text, is_visible_ascii)) return not_allowed("has a character that no HTTP header can carry");
  return Secret(std::string(text));
}

Parsed<std::filesystem::path> parse_path(string_view text) {
  if (text.starts_with('~')) return not_allowed("~ is not expanded here");
  if (std::ranges::any_of(text, is_control)) return not_allowed();
  return std::filesystem::path(text);
}

Parsed<std::string> parse_host(string_view text) {
  if (equals_ignoring_case(text, "localhost")) return std::string("localhost");
  if (!parse_address(text)) return not_allowed();
  return std::string(text);
}

Parsed<std::vector<Cidr>> parse_cidrs(string_view text) {
  return parse_each<Cidr>(text, [](string_view entry) -> Parsed<Cidr> {
    auto range = Cidr::parse(entry);
    if (!range) return not_allowed(in_quotes(entry) + " " + range.error());
    return range;
  });
}

Parsed<DatabaseUrl> parse_database_url(string_view text) {
  DatabaseUrl database;
  const string_view scheme = text.substr(0, text.find(':'));
  if (equals_ignoring_case(scheme, "postgresql") || equals_ignoring_case(scheme, "postgres")) {
    // libpq knows more URLs than RFC 3986 (several hosts, sockets, parameters) and judges them when it connects; it
    // knows the scheme in lower case only.
    const string_view rest = text.substr(scheme.size());
    if (!rest.starts_with("://")) return not_allowed();
    const auto breaks_lines = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
    if (std::ranges::any_of(rest, breaks_lines)) return not_allowed("has a character that URLs may not hold");
    database.engine = DatabaseUrl::Engine::postgres;
    database.url = Secret("postgresql" + std::string(rest));
    return database;
  }
  if (!equals_ignoring_case(scheme, "sqlite") || scheme.size() == text.size()) return not_allowed();

  string_view file = text.substr(scheme.size() + 1);
  if (file.starts_with("//")) file.remove_prefix(2);
  const bool relative_after_slashes = text.size() != scheme.size() + 1 + file.size() && !file.starts_with('/');
  if (relative_after_slashes) return not_allowed("after sqlite:// comes an absolute path");
  if (file.starts_with(':')) return not_allowed("a database in memory would be another one for each thread");
  if (file.ends_with('/')) return not_allowed("names a folder, not a file");
  if (file.find_first_of("?#%") != string_view::npos) return not_allowed("parameters and % escapes are not understood");
  return parse_path(file).map([&](std::filesystem::path path) {
    database.path = std::move(path);
    return database;
  });
}

Parsed<RedisUrl> parse_redis_url(string_view text) {
  const auto url = parse_url(text);
  if (!url) return not_allowed(url.error());
  if (url->scheme != "redis" && url->scheme != "rediss") return not_allowed();
  if (url->has_query || url->has_fragment) return not_allowed("has a query or a fragment");

  RedisUrl redis;
  redis.tls = url->scheme == "rediss";
  redis.host = url->host.starts_with('[') ? url->host.substr(1, url->host.size() - 2) : url->host;
  redis.port = url->port.value_or(redis.port);
  if (url->has_user) {
    if (auto read = read_user(user_of(text), redis); !read) return not_allowed(read.error());
  }
  const string_view number = string_view(url->path).substr(url->path.empty() ? 0 : 1);
  if (number.empty()) return redis;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), redis.database);
  const bool whole = error == std::errc{} && end == number.data() + number.size();
  if (!whole || redis.database > kMostRedisDatabase) return not_allowed("has a path that is no database number");
  return redis;
}

Parsed<std::string> parse_base_url(string_view text) {
  auto url = parse_url(text);
  if (!url) return not_allowed(url.error());
  if (!url->is_http()) return not_allowed();
  if (url->has_user || url->has_query || url->has_fragment) return not_allowed("has a user, a query or a fragment");
  while (url->path.ends_with('/')) url->path.pop_back();
  return url->origin() + url->path;
}

Parsed<std::vector<std::string>> parse_origins(string_view text) { return parse_each<std::string>(text, parse_origin); }

Parsed<std::string> parse_word(string_view text) {
  if (!utf8_length(text) || has_control_character(text)) return not_allowed();
  return std::string(text);
}

Parsed<std::vector<std::string>> parse_words(string_view text) { return parse_each<std::string>(text, parse_word); }

Parsed<std::vector<Secret>> parse_secrets(string_view text, std::size_t least) {
  return parse_each<Secret>(text, [&](string_view entry) { return parse_secret(entry, least); });
}

Parsed<std::vector<Secret>> parse_keys(string_view text) { return parse_each<Secret>(text, parse_key); }

Parsed<std::vector<ModelProvider>> parse_model_providers(std::string_view text) {
  const auto name_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  std::vector<ModelProvider> providers;
  for (const std::string_view entry : split_list(text)) {
    const std::size_t equals = std::min(entry.find('='), entry.size());
    const std::string name = to_lower(trim(entry.substr(0, equals)));
    if (name.empty() || !std::ranges::all_of(name, name_letter)) {
      return not_allowed("a name is not of letters, digits and dashes");
    }
    if (name == "openai" || std::ranges::find(providers, name, &ModelProvider::name) != providers.end()) {
      return not_allowed(in_quotes(name) + " is there twice; openai is the one of OPENAI_BASE_URL");
    }
    const std::string_view rest = entry.substr(std::min(equals + 1, entry.size()));
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    const std::string_view after = rest.substr(std::min(bar + 1, rest.size()));
    const std::size_t second = std::min(after.find('|'), after.size());
    auto url = parse_base_url(trim(rest.substr(0, bar)));
    if (!url) return not_allowed("the address of " + in_quotes(name) + " is no http(s) address");
    auto model = parse_word(trim(after.substr(0, second)));
    if (!model || model->empty()) return not_allowed(in_quotes(name) + " has no model");
    Secret api_key;
    if (const std::string_view key = trim(after.substr(std::min(second + 1, after.size()))); !key.empty()) {
      auto parsed = parse_key(key);
      if (!parsed) return not_allowed("the key of " + in_quotes(name) + " is none");
      api_key = *std::move(parsed);
    }
    providers.push_back({name, *std::move(url), *std::move(model), std::move(api_key)});
  }
  return providers;
}

Parsed<std::vector<std::string>> parse_countries(std::string_view text) {
  std::vector<std::string> countries;
  for (const std::string_view entry : split_list(text)) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (entry.size() != 2 || !std::ranges::all_of(entry, letter)) return not_allowed(in_quotes(entry) + " is none");
    std::string country(entry);
    for (char& c : country) c = static_cast<char>(c & ~0x20);  // ASCII upper case
    if (country == "UK") return not_allowed(in_quotes(entry) + " is none; the United Kingdom is GB");
    if (!is_country(country)) return not_allowed(in_quotes(entry) + " is none");
    countries.push_back(std::move(country));
  }
  return countries;
}

Parsed<std::vector<std::string>> parse_channels(std::string_view text) {
  std::vector<std::string> channels;
  for (const std::string_view entry : split_list(text)) {
    std::string channel = to_lower(entry);
    if (channel != "sms" && channel != "whatsapp" && channel != "voice") {
      return not_allowed(in_quotes(entry) + " is none");
    }
    if (std::ranges::find(channels, channel) != channels.end())
      return not_allowed(in_quotes(entry) + " is there twice");
    channels.push_back(std::move(channel));
  }
  if (channels.empty()) return not_allowed();
  return channels;
}

Parsed<std::string> parse_date(std::string_view text) {
  std::string date(text);
  if (date.size() != 10 || !parse_rfc3339(date + "T00:00:00Z")) return not_allowed();
  return date;
}

Parsed<std::vector<TestNumber>> parse_test_numbers(std::string_view text) {
  std::vector<TestNumber> numbers;
  for (const std::string_view entry : split_list(text)) {
    const std::size_t equals = entry.find('=');
    const std::string_view number = trim(entry.substr(0, equals));
    const std::string_view code = equals == std::string_view::npos ? "" : trim(entry.substr(equals + 1));
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool e164 = number.size() >= 9 && number.size() <= 16 && number.front() == '+' && number[1] != '0' &&
                      std::ranges::all_of(number.substr(1), digit);
    if (!e164) return not_allowed("an entry has no number like +14155550100");
    if (code.size() < 6 || code.size() > 10 || !std::ranges::all_of(code, digit)) {
      return not_allowed("the code of " + std::string(number) + " is not 6 to 10 digits");
    }
    // Which of two codes would count is nothing to guess at.
    if (std::ranges::find(numbers, number, &TestNumber::phone_number) != numbers.end()) {
      return not_allowed("entry " + std::to_string(numbers.size() + 1) + " has the number of an entry before it");
    }
    numbers.push_back({std::string(number), Secret(std::string(code))});
  }
  return numbers;
}

}  // namespace kriya::config
