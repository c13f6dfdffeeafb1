#include "audit/folded_digits.h"

#include <algorithm>
#include <array>

namespace kriya::audit {
namespace {

/// The first of ten digits in a row: Unicode's decimal digits (category Nd) outside of ASCII.
constexpr auto kZeros = std::to_array<char32_t>(
    {0x0660, 0x06f0, 0x07c0, 0x0966,  0x09e6,  0x0a66,  0x0ae6,  0x0b66,  0x0be6, 0x0c66, 0x0ce6,
     0x0d66, 0x0de6, 0x0e50, 0x0ed0,  0x0f20,  0x1040,  0x1090,  0x17e0,  0x1810, 0x1946, 0x19d0,
     0x1a80, 0x1a90, 0x1b50, 0x1bb0,  0x1c40,  0x1c50,  0xa620,  0xa8d0,  0xa900, 0xa9d0, 0xa9f0,
     0xaa50, 0xabf0, 0xff10, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1fbf0});

/// What stands for it in ASCII within a number: a digit, plus, space or hyphen; NUL: nothing.
char ascii_of(char32_t character) {
  if (character == 0xff0b) return '+';
  if (character == 0xa0 || character == 0x202f) return ' ';
  if (character == 0x2011) return '-';
  const auto after = std::ranges::upper_bound(kZeros, character);
  if (after == kZeros.begin()) return '\0';
  const char32_t value = character - *(after - 1);
  return value < 10 ? static_cast<char>('0' + value) : '\0';
}

/// Of text that begins with a lead byte of UTF-8; 0 where that is none, or cut off.
struct Decoded {
  char32_t character = 0;
  std::size_t size = 0;
};
Decoded decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;
  if (size == 0 || size > text.size()) return {};
  char32_t character = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80) return {};
    character = (character << 6U) | (next & 0x3fU);
  }
  return {character, size};
}

}  // namespace

std::optional<Folded> folded(std::string_view text) {
  std::optional<Folded> made;
  for (std::size_t i = 0; i < text.size();) {
    const auto [character, size] = (text[i] & '\x80') == 0 ? Decoded{} : decode(text.substr(i));
    const char ascii = size == 0 ? '\0' : ascii_of(character);
    if (ascii != '\0' && !made) {
      made.emplace();
      made->text = text.substr(0, i);
      for (std::size_t place = 0; place < i; ++place) made->places.push_back(place);
    }
    const std::size_t end = i + std::max<std::size_t>(size, 1);
    if (made && ascii != '\0') {
      made->text += ascii;
      made->places.push_back(i);
    } else if (made) {
      made->text += text.substr(i, end - i);
      for (std::size_t place = i; place < end; ++place) made->places.push_back(place);
    }
    i = end;
  }
  if (made) made->places.push_back(text.size());
  return made;
}

std::string with_ascii_digits(std::string_view text) {
  std::optional<Folded> in_ascii = folded(text);
  return in_ascii ? std::move(in_ascii->text) : std::string(text);
}

}  // namespace kriya::audit
