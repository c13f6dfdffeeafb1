// One small parser for each kind of value. Each writes into Settings; a row of the table names one, bound to its field.
// An error is what is wrong in words, or an empty string when the row's `allowed` text says it all. It never quotes a
// secret.
#pragma once

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/text.h"
#include "config/settings.h"

namespace kriya::config {

inline tl::unexpected<std::string> not_allowed(std::string reason = {}) {
  return tl::unexpected<std::string>(std::move(reason));
}

/// A value for messages: in quotes, on one line, at most 80 bytes, and without the user and password of a URL.
std::string in_quotes(std::string_view value);

/// The entries of a comma-separated list, trimmed, without empty ones.
std::vector<std::string_view> split_list(std::string_view text);

/// true/false, 1/0, yes/no, on/off in any case.
Parsed<bool> parse_boolean(std::string_view text);

/// Any bytes but white space at either end, which is a slip of the shell or the editor. `least` in bytes.
Parsed<Secret> parse_secret(std::string_view text, std::size_t least);

/// What can travel in an HTTP header: visible ASCII, no spaces.
Parsed<Secret> parse_key(std::string_view text);

/// A path as given. `~` is refused because nothing here would expand it.
Parsed<std::filesystem::path> parse_path(std::string_view text);

Parsed<std::string> parse_host(std::string_view text);
Parsed<std::vector<Cidr>> parse_cidrs(std::string_view text);
Parsed<DatabaseUrl> parse_database_url(std::string_view text);
Parsed<RedisUrl> parse_redis_url(std::string_view text);

/// An http(s) address that paths are appended to: no user, query or fragment; a trailing slash is dropped.
Parsed<std::string> parse_base_url(std::string_view text);

/// Exact origins, as browsers write them.
Parsed<std::vector<std::string>> parse_origins(std::string_view text);

/// Words and names without control characters.
Parsed<std::string> parse_word(std::string_view text);
Parsed<std::vector<std::string>> parse_words(std::string_view text);

/// Model servers as <name>=<base URL>|<model>|<key>, separated by commas. What is wrong is said without the key.
Parsed<std::vector<ModelProvider>> parse_model_providers(std::string_view text);

/// Countries as two letters (ISO 3166-1), in any case; none that does not exist.
Parsed<std::vector<std::string>> parse_countries(std::string_view text);

/// "sms, whatsapp": ways to reach a phone, each once.
Parsed<std::vector<std::string>> parse_channels(std::string_view text);

/// "2026-12-31"
Parsed<std::string> parse_date(std::string_view text);

/// "+14155550100=123456, ...": a number and its code; each number once.
Parsed<std::vector<TestNumber>> parse_test_numbers(std::string_view text);

/// Comma-separated secrets and keys.
Parsed<std::vector<Secret>> parse_secrets(std::string_view text, std::size_t least);
Parsed<std::vector<Secret>> parse_keys(std::string_view text);

constexpr std::size_t kLeastSecretBytes = 32;  // RFC 7518 section 3.2: as long as the hash of HS256

// ---- Parsers bound to a field of Settings, for the table ----

using ValueParser = Parsed<void> (*)(std::string_view, Settings&);

template <class T>
Parsed<void> store(Parsed<T> parsed, T& field) {
  if (!parsed) return not_allowed(std::move(parsed.error()));
  field = *std::move(parsed);
  return {};
}

/// Any parser above that needs the text alone.
template <auto Field, auto Parse>
Parsed<void> parsed_by(std::string_view text, Settings& settings) {
  return store(Parse(text), settings.*Field);
}

template <auto Field>
Parsed<void> secret(std::string_view text, Settings& settings) {
  return store(parse_secret(text, kLeastSecretBytes), settings.*Field);
}

template <auto Field>
Parsed<void> secrets(std::string_view text, Settings& settings) {
  return store(parse_secrets(text, kLeastSecretBytes), settings.*Field);
}

template <class T>
struct Rep {
  using type = T;
};
template <class R, class P>
struct Rep<std::chrono::duration<R, P>> {
  using type = R;
};

/// A whole number, or a duration in its own unit, from Least to Most.
template <auto Field, std::int64_t Least, std::int64_t Most>
Parsed<void> number(std::string_view text, Settings& settings) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || value < Least || value > Most) return not_allowed();
  using Target = std::remove_reference_t<decltype(settings.*Field)>;
  settings.*Field = Target(static_cast<typename Rep<Target>::type>(value));
  return {};
}

template <class T>
using Choice = std::pair<std::string_view, T>;

/// One word of a list, in any case.
template <auto Field, const auto& Choices>
Parsed<void> choice(std::string_view text, Settings& settings) {
  for (const auto& [word, value] : Choices) {
    if (!equals_ignoring_case(text, word)) continue;
    settings.*Field = value;
    return {};
  }
  return not_allowed();
}

}  // namespace kriya::config
