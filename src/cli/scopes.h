// Words of a scope as operators type them.
#pragma once

#include "access/session_lookup.h"

namespace kriya::cli {

/// What a word that is no scope is answered with: the words that there are.
inline Error no_such_scope(const std::string& word) {
  std::string known;
  for (const std::string_view scope : access::kScopes) known.append(known.empty() ? "" : ", ").append(scope);
  return {Errc::invalid_fields, "'" + word + "' is no scope; there are " + known + "."};
}

}  // namespace kriya::cli
