// The one way in which a command says why it cannot go on.
#pragma once

#include <cstdio>
#include <string>

#include "base/error.h"

namespace kriya::cli {

/// A line on standard error. Returns the exit code.
inline int report(const std::string& what) {
  std::fprintf(stderr, "kriya: %s\n", what.c_str());
  return 1;
}
inline int report(const Error& error) { return report(error.detail); }

}  // namespace kriya::cli
