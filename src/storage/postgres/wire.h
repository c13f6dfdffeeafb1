// Values as PostgreSQL's extended protocol carries them, and result rows back: plain functions over libpq's structs.
//
// Ids, times, numbers and arrays travel in binary, under their own types. Texts travel as text of a type that the
// server infers, so that they fit text, varchar, json and jsonb columns alike.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "storage/statement.h"

namespace kriya::storage::postgres {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using OwnedResult = std::unique_ptr<PGresult, ClearResult>;

/// The values of one statement in the shape that PQsendQuery... wants. Lives until the call has returned.
class Parameters {
 public:
  explicit Parameters(const std::vector<Value>& values);

  int count() const { return static_cast<int>(types_.size()); }
  const Oid* types() const { return types_.data(); }
  const char* const* values() const { return pointers_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

  /// One letter a value for its type. A statement prepared for one signature takes no values of another.
  const std::string& signature() const { return signature_; }

 private:
  void add(const Value& value);
  void add_binary(char letter, Oid type, std::string bytes);
  void add_inferred(char letter, const char* text);

  std::vector<std::string> bytes_;  // reserved beforehand: the pointers below stay good
  std::vector<Oid> types_;
  std::vector<const char*> pointers_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::string signature_;
};

/// The rows of a result in binary format. Errors: internal, for a column type that Kriya does not use.
Result<Rows> read_rows(const PGresult& result);

}  // namespace kriya::storage::postgres
