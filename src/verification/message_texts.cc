#include "verification/message_texts.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include "base/text.h"
#include "messaging/sms_segments.h"
#include "schema/described.h"
#include "verification/accept_language.h"
#include "verification/built_in_templates.h"

namespace kriya::verification {
namespace {

constexpr std::size_t kMaxText = 1000;  // bytes; an SMS of more than 1,600 characters is refused by providers
constexpr std::size_t kMaxFile = 64 * 1024;
constexpr const char* kFallback = "en";

struct TemplateFile {
  std::string code;
  std::string phone_changed;
  std::optional<std::vector<std::string>> countries;
};
BOOST_DESCRIBE_STRUCT(TemplateFile, (), (code, phone_changed, countries))

/// The words in braces; nullopt when a brace has no partner.
std::optional<std::vector<std::string>> placeholders(std::string_view text) {
  std::vector<std::string> found;
  for (std::size_t open = text.find_first_of("{}"); open != std::string_view::npos; open = text.find_first_of("{}")) {
    const std::size_t close = text.find_first_of("{}", open + 1);
    if (text[open] == '}' || close == std::string_view::npos || text[close] == '{') return std::nullopt;
    found.emplace_back(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
  return found;
}

/// What is wrong with a text, in words; nothing when it is good.
std::string fault(std::string_view text, bool with_code) {
  if (trim(text).empty()) return "must not be empty";
  if (text.size() > kMaxText) return "must not be longer than 1000 bytes";
  if (has_control_character(text)) return "must not hold control characters or line breaks";
  const auto words = placeholders(text);
  if (!words) return "has a brace without its partner";
  for (const std::string& word : *words) {
    if (word != "service" && !(with_code && word == "code")) {
      return "must not hold {" + word + "}, only " + (with_code ? "{code} and {service}" : "{service}");
    }
  }
  if (with_code && std::ranges::count(*words, "code") != 1) return "must hold {code} once";
  return "";
}

bool is_country(const std::string& text) {
  return text.size() == 2 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_locale(std::string_view text) {
  const std::size_t language = std::min(text.find('-'), text.size());
  return language >= 2 && language <= 3 && text.size() <= 35 && !text.ends_with('-') &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

void fill(std::string& text, std::string_view placeholder, std::string_view with) {
  for (std::size_t at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at)) {
    text.replace(at, placeholder.size(), with);
    at += with.size();
  }
}

Error bad(std::string detail) { return {Errc::bad_request, std::move(detail)}; }

}  // namespace

Result<MessageTemplate> parse_template(std::string_view text) {
  if (text.size() > kMaxFile) return fail(bad("is too large"));
  const auto parsed = parse_json(text);
  if (!parsed) return fail(bad(parsed.error().detail));
  auto file = schema::read<TemplateFile>(*parsed);
  if (!file) {
    const auto& fields = file.error().fields;
    return fail(bad(fields.empty() ? file.error().detail : fields[0].field + " " + fields[0].message));
  }
  if (const auto wrong = fault(file->code, true); !wrong.empty()) return fail(bad("code " + wrong));
  if (const auto wrong = fault(file->phone_changed, false); !wrong.empty()) {
    return fail(bad("phone_changed " + wrong));
  }
  MessageTemplate result{std::move(file->code), std::move(file->phone_changed),
                         std::move(file->countries).value_or(std::vector<std::string>())};
  if (!std::ranges::all_of(result.countries, is_country)) {
    return fail(bad("countries must be a list of two capital letters each (ISO 3166)"));
  }
  return result;
}

Result<MessageTexts> MessageTexts::load(Rules rules) {
  MessageTexts texts(std::move(rules));
  for (const BuiltInTemplate& built_in : built_in_templates()) {
    const std::string locale(built_in.locale);
    if (auto added = texts.add(locale, built_in.json, "templates/" + locale + ".json"); !added) {
      return fail(added.error());
    }
  }
  if (!texts.rules_.folder.empty()) {
    if (auto added = texts.add_folder(); !added) return fail(added.error());
  }
  texts.warn_of_length();
  return texts;
}

Result<void> MessageTexts::add(const std::string& locale, std::string_view json, const std::string& source) {
  auto parsed = parse_template(json);
  if (!parsed) return fail(bad(source + ": " + parsed.error().detail + "."));
  for (auto& [other, each] : templates_) {  // the file that comes later has the country
    std::erase_if(each.countries, [&](const std::string& country) {
      return std::ranges::find(parsed->countries, country) != parsed->countries.end();
    });
  }
  templates_.insert_or_assign(locale, *std::move(parsed));
  return {};
}

Result<void> MessageTexts::add_folder() {
  std::error_code failed;
  std::set<std::filesystem::path> files;  // in an order that does not depend on the disk
  for (std::filesystem::directory_iterator each(rules_.folder, failed), end; !failed && each != end;
       each.increment(failed)) {
    if (each->path().extension() == ".json") files.insert(each->path());
  }
  if (failed) {
    return fail(bad("MESSAGE_TEMPLATES_DIR: got \"" + rules_.folder.string() + "\", which cannot be read: " +
                    failed.message() + "; allowed: a folder of <locale>.json files, or nothing."));
  }
  for (const auto& file : files) {
    const std::string locale = to_lower(file.stem().string());
    if (!is_locale(locale)) return fail(bad(file.string() + ": is not named after a language, like pt-BR.json."));
    std::ifstream input(file, std::ios::binary);
    if (!input) return fail(bad(file.string() + ": cannot be read."));
    const std::string text((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
    if (auto added = add(locale, text, file.string()); !added) return added;
  }
  return {};
}

void MessageTexts::warn_of_length() {
  const std::string longest(rules_.code_length, '0');
  for (const auto& [locale, ignored] : templates_) {
    const auto size = messaging::sms_size(code(locale, longest));
    if (size.segments == 1) continue;
    warnings_.push_back("A code in the language " + locale + " costs " + std::to_string(size.segments) + " SMS (" +
                        std::to_string(size.units) +
                        (size.encoding == messaging::SmsEncoding::gsm7 ? " of 160 septets)." : " of 70 units)."));
  }
}

std::string MessageTexts::locale_for(std::string_view accept_language, std::string_view country) const {
  for (std::string tag : accepted_languages(accept_language)) {
    for (;;) {  // RFC 4647 section 3.4: the most specific that there is
      if (templates_.contains(tag)) return tag;
      const std::size_t dash = tag.rfind('-');
      if (dash == std::string::npos) break;
      tag.resize(dash);
    }
  }
  for (const auto& [locale, each] : templates_) {
    if (std::ranges::find(each.countries, country) != each.countries.end()) return locale;
  }
  return kFallback;
}

const MessageTemplate& MessageTexts::of(const std::string& locale) const {
  const auto found = templates_.find(locale);  // a stored locale may have gone with its file
  return found != templates_.end() ? found->second : templates_.at(kFallback);
}

std::string MessageTexts::code(const std::string& locale, std::string_view code) const {
  std::string text = of(locale).code;
  fill(text, "{code}", code);
  fill(text, "{service}", rules_.service_name);
  text.append("\n\n@").append(rules_.host).append(" #").append(code);
  return text;
}

std::string MessageTexts::phone_changed(const std::string& locale) const {
  std::string text = of(locale).phone_changed;
  fill(text, "{service}", rules_.service_name);
  return text;
}

}  // namespace kriya::verification
