#include "storage/postgres/wire.h"

#include <charconv>
#include <cstring>
#include <limits>

namespace kriya::storage::postgres {
namespace {

// pg_type.oid of the types that are mapped.
constexpr Oid kBool = 16;
constexpr Oid kName = 19;
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kText = 25;
constexpr Oid kJson = 114;
constexpr Oid kTextArray = 1009;
constexpr Oid kBpchar = 1042;
constexpr Oid kVarchar = 1043;
constexpr Oid kTimestamptz = 1184;
constexpr Oid kUuid = 2950;
constexpr Oid kUuidArray = 2951;
constexpr Oid kJsonb = 3802;
constexpr Oid kInferred = 0;

constexpr std::int64_t kMicrosFrom1970To2000 = 946'684'800'000'000;

template <class T>
void append_big_endian(std::string& out, T number) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> shift));
  }
}

template <class T>
T big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return static_cast<T>(number);
}

template <class T>
std::string binary(T number) {
  std::string out;
  append_big_endian(out, number);
  return out;
}

std::string binary(const Uuid& uuid) {
  return {reinterpret_cast<const char*>(uuid.bytes().data()), uuid.bytes().size()};
}
std::string binary(const std::string& text) { return text; }

/// array_recv: dimensions, a flag for NULLs, the element type, then size and lower bound of each dimension.
template <class T>
std::string binary_array(Oid element, const std::vector<T>& entries) {
  std::string out;
  append_big_endian(out, std::int32_t{entries.empty() ? 0 : 1});
  append_big_endian(out, std::int32_t{0});
  append_big_endian(out, element);
  if (entries.empty()) return out;
  append_big_endian(out, static_cast<std::int32_t>(entries.size()));
  append_big_endian(out, std::int32_t{1});
  for (const T& entry : entries) {
    const std::string bytes = binary(entry);
    append_big_endian(out, static_cast<std::int32_t>(bytes.size()));
    out += bytes;
  }
  return out;
}

/// "infinity" and "-infinity" are the ends of the range, and stay ends.
Timestamp since_1970(std::int64_t micros_since_2000) {
  const std::int64_t latest = std::numeric_limits<std::int64_t>::max();
  return Timestamp{micros_since_2000 > latest - kMicrosFrom1970To2000 ? latest
                                                                      : micros_since_2000 + kMicrosFrom1970To2000};
}

/// The bytes of a value, or of the version byte in front of it: 0 for a type of any size.
std::size_t least_size(Oid type) {
  switch (type) {
    case kBool:
    case kJsonb:
      return 1;
    case kInt2:
      return 2;
    case kInt4:
      return 4;
    case kInt8:
    case kTimestamptz:
      return 8;
    case kUuid:
      return 16;
    default:
      return 0;
  }
}

Result<Value> read_cell(Oid type, std::string_view bytes) {
  if (bytes.size() < least_size(type)) return fail(Errc::internal, "The database answered with a value cut short.");
  switch (type) {
    case kBool:
      return bytes[0] != 0;
    case kInt2:
      return std::int64_t{big_endian<std::int16_t>(bytes)};
    case kInt4:
      return std::int64_t{big_endian<std::int32_t>(bytes)};
    case kInt8:
      return big_endian<std::int64_t>(bytes);
    case kUuid: {
      std::array<std::uint8_t, 16> raw{};
      std::memcpy(raw.data(), bytes.data(), raw.size());
      return Uuid::from_bytes(raw);
    }
    case kTimestamptz:
      return since_1970(big_endian<std::int64_t>(bytes));
    case kText:
    case kVarchar:
    case kBpchar:
    case kName:
    case kJson:
      return std::string(bytes);
    case kJsonb:  // a version byte, then text
      return std::string(bytes.substr(1));
    default:
      return fail(Errc::internal, "The database answered with a column of type " + std::to_string(type) +
                                      ", which is not one that Kriya stores.");
  }
}

}  // namespace

Parameters::Parameters(const std::vector<Value>& values) {
  bytes_.reserve(values.size());
  types_.reserve(values.size());
  pointers_.reserve(values.size());
  lengths_.reserve(values.size());
  formats_.reserve(values.size());
  for (const Value& value : values) add(value);
}

void Parameters::add(const Value& value) {
  struct Adder {
    Parameters& to;
    void operator()(std::monostate) const { to.add_inferred('-', nullptr); }
    void operator()(bool flag) const { to.add_binary('b', kBool, binary(static_cast<std::int8_t>(flag))); }
    void operator()(std::int64_t number) const { to.add_binary('i', kInt8, binary(number)); }
    void operator()(const std::string& text) const { to.add_inferred('t', text.c_str()); }
    void operator()(const Uuid& uuid) const { to.add_binary('u', kUuid, binary(uuid)); }
    void operator()(Timestamp time) const {
      to.add_binary('z', kTimestamptz, binary(time.micros - kMicrosFrom1970To2000));
    }
    void operator()(const std::vector<Uuid>& uuids) const {
      to.add_binary('U', kUuidArray, binary_array(kUuid, uuids));
    }
    void operator()(const std::vector<std::string>& texts) const {
      to.add_binary('T', kTextArray, binary_array(kText, texts));
    }
  };
  std::visit(Adder{*this}, value);
}

void Parameters::add_binary(char letter, Oid type, std::string bytes) {
  bytes_.push_back(std::move(bytes));
  types_.push_back(type);
  pointers_.push_back(bytes_.back().data());
  lengths_.push_back(static_cast<int>(bytes_.back().size()));
  formats_.push_back(1);
  signature_ += letter;
}

void Parameters::add_inferred(char letter, const char* text) {
  types_.push_back(kInferred);
  pointers_.push_back(text);
  lengths_.push_back(0);
  formats_.push_back(0);
  signature_ += letter;
}

Result<Rows> read_rows(const PGresult& result) {
  const int columns = PQnfields(&result);
  const int count = PQntuples(&result);
  Rows rows(static_cast<std::size_t>(columns));
  rows.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) {
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(&result, row, column) != 0) {
        rows.add_cell({});
        continue;
      }
      auto cell = read_cell(PQftype(&result, column), {PQgetvalue(&result, row, column),
                                                       static_cast<std::size_t>(PQgetlength(&result, row, column))});
      if (!cell) return fail(cell.error());
      rows.add_cell(*std::move(cell));
    }
  }
  const std::string_view affected = PQcmdTuples(const_cast<PGresult*>(&result));
  std::int64_t number = 0;
  std::from_chars(affected.data(), affected.data() + affected.size(), number);
  rows.set_affected(number);
  return rows;
}

}  // namespace kriya::storage::postgres
