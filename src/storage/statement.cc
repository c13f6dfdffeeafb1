#include "storage/statement.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace kriya::storage {
namespace {

template <class T>
const T& stored(const Value& cell) {
  if (const T* value = std::get_if<T>(&cell)) return *value;
  throw std::runtime_error("a stored value has another type than the code expects");
}

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

}  // namespace

bool holds_nul(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return has_nul(*text);
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  return texts != nullptr && std::ranges::any_of(*texts, has_nul);
}

Error text_holds_nul() { return {Errc::bad_request, "A text holds a NUL character, which cannot be stored."}; }

Rows Rows::take_row(std::size_t row) {
  Rows one(columns_);
  const auto first = cells_.begin() + static_cast<std::ptrdiff_t>(row * columns_);
  one.cells_.assign(std::move_iterator(first), std::move_iterator(first + static_cast<std::ptrdiff_t>(columns_)));
  return one;
}

template <>
bool Rows::convert<bool>(const Value& cell) {
  if (const bool* value = std::get_if<bool>(&cell)) return *value;
  return stored<std::int64_t>(cell) != 0;
}

template <>
std::int64_t Rows::convert<std::int64_t>(const Value& cell) {
  return stored<std::int64_t>(cell);
}

template <>
std::string Rows::convert<std::string>(const Value& cell) {
  return stored<std::string>(cell);
}

template <>
Uuid Rows::convert<Uuid>(const Value& cell) {
  if (const Uuid* value = std::get_if<Uuid>(&cell)) return *value;
  if (const auto parsed = Uuid::parse(stored<std::string>(cell))) return *parsed;
  throw std::runtime_error("a stored id is no UUID");
}

template <>
Timestamp Rows::convert<Timestamp>(const Value& cell) {
  if (const Timestamp* value = std::get_if<Timestamp>(&cell)) return *value;
  return Timestamp{stored<std::int64_t>(cell)};
}

Result<bool> changed(const Result<Rows>& rows) {
  if (!rows) return fail(rows.error());
  return rows->affected() > 0;
}

}  // namespace kriya::storage
