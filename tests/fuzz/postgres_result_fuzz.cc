// Any bytes as the columns of a PostgreSQL result: values or an error, and nothing read beyond a value's end.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/postgres/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr Oid kTypes[] = {16, 19, 20, 21, 23, 25, 114, 1042, 1043, 1184, 2950, 3802, 1700};
  if (size == 0) return 0;
  // One column for each input: its type by the first byte, its rows cut at 0xff.
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK), PQclear);
  std::string name = "column";
  PGresAttDesc column{name.data(), 0, 0, 1, kTypes[data[0] % std::size(kTypes)], 0, 0};
  PQsetResultAttrs(result.get(), 1, &column);
  std::vector<char> value;
  int row = 0;
  for (std::size_t i = 1; i <= size; ++i) {
    if (i < size && data[i] != 0xff) {
      value.push_back(static_cast<char>(data[i]));
      continue;
    }
    PQsetvalue(result.get(), row++, 0, value.empty() ? nullptr : value.data(),
               value.empty() ? -1 : static_cast<int>(value.size()));
    value.clear();
  }
  const auto rows = kriya::storage::postgres::read_rows(*result);
  if (rows && rows->size() != static_cast<std::size_t>(row)) __builtin_trap();
  return 0;
}
