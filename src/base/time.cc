#include "base/time.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace kriya {
namespace {

struct CivilTime {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::microseconds> time;
  std::chrono::weekday weekday;
};

CivilTime civil(Timestamp time) {
  const std::chrono::sys_time<std::chrono::microseconds> point{std::chrono::microseconds{time.micros}};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  return {day, std::chrono::hh_mm_ss<std::chrono::microseconds>{point - day}, std::chrono::weekday{day}};
}

/// Every answer and every log line holds a time: this costs a tenth of snprintf.
void write_digits(char* out, unsigned value, int count) {
  for (int i = count - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  if (at + count > text.size()) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + count, value);
  if (error != std::errc{} || end != text.data() + at + count || text[at] == '-') return std::nullopt;
  return value;
}

}  // namespace

std::string to_rfc3339(Timestamp time) {
  const CivilTime t = civil(time);
  std::string text = "0000-00-00T00:00:00.000000Z";
  write_digits(&text[0], static_cast<unsigned>(int{t.date.year()}), 4);
  write_digits(&text[5], unsigned{t.date.month()}, 2);
  write_digits(&text[8], unsigned{t.date.day()}, 2);
  write_digits(&text[11], static_cast<unsigned>(t.time.hours().count()), 2);
  write_digits(&text[14], static_cast<unsigned>(t.time.minutes().count()), 2);
  write_digits(&text[17], static_cast<unsigned>(t.time.seconds().count()), 2);
  const auto fraction = static_cast<unsigned>(t.time.subseconds().count());
  if (fraction == 0) return text.erase(19, 7);
  write_digits(&text[20], fraction, 6);
  return text;
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  int micros = 0;
  std::size_t end = 19;
  if (text.size() > end && text[end] == '.') {
    const auto fraction = digits(text, 20, 6);
    if (!fraction) return std::nullopt;
    micros = *fraction;
    end = 26;
  }
  if (text.substr(end) != "Z") return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  return Timestamp{((days * 24 + *hour) * 60 + *minute) * 60'000'000 + *second * 1'000'000LL + micros};
}

std::string to_http_date(Timestamp time) {
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const CivilTime t = civil(time);
  std::array<char, 40> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT", kDays[t.weekday.c_encoding()],
                    unsigned{t.date.day()}, kMonths[unsigned{t.date.month()} - 1], int{t.date.year()},
                    static_cast<int>(t.time.hours().count()), static_cast<int>(t.time.minutes().count()),
                    static_cast<int>(t.time.seconds().count()));
  return std::string(text.data(), static_cast<std::size_t>(size));
}

Timestamp SystemClock::now() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return Timestamp{std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
}

}  // namespace kriya
