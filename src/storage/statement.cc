#include "storage/statement.h"

#include <stdexcept>

namespace kriya::storage {
namespace {

template <class T>
const T& stored(const Value& cell) {
  if (const T* value = std::get_if<T>(&cell)) return *value;
  throw std::runtime_error("a stored value has another type than the code expects");
}

}  // namespace

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

}  // namespace kriya::storage
