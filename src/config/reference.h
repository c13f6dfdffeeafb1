// The table for people: in a terminal and in the documents.
#pragma once

#include <string>

namespace kriya::config {

/// For `kriya serve --help`: name, meaning, what is allowed and the default, wrapped at 100 columns.
std::string help_text();

/// docs/configuration.md, whole. tests/config/reference_test.cc compares, and writes the file anew when
/// KRIYA_UPDATE_DOCS is set.
std::string markdown();

}  // namespace kriya::config
