// Whatever a `.env` file holds: parsing, loading and reporting end without harm, every report is one line, and what was
// read can be written down and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/doctor.h"
#include "config/dotenv.h"
#include "config/environment.h"
#include "config/load.h"

namespace {

using namespace kriya::config;

void demand(bool truth) {
  if (!truth) std::abort();
}

void demand_plain_lines(const Problems& problems) {
  demand(!problems.empty());
  for (const Problem& problem : problems) demand(problem.line().find_first_of("\n\r") == std::string::npos);
}

std::string written(const VariableMap& values) {
  std::string text;
  for (const auto& [name, value] : values) {
    text += name + "=\"";
    for (const char c : value) {
      if (c == '\n') {
        text += "\\n";
      } else if (c == '\r') {
        text += "\\r";
      } else {
        if (c == '"' || c == '\\' || c == '$') text += '\\';
        text += c;
      }
    }
    text += "\"\n";
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto values = parse_dotenv(text);
  if (!values) {
    demand_plain_lines(values.error());
    return 0;
  }
  const auto again = parse_dotenv(written(*values));
  demand(again && *again == *values);
  misspelling_warnings(*values);
  const auto settings = load(*values);
  if (settings) {
    render(examine(*settings));
  } else {
    demand_plain_lines(settings.error());
  }
  return 0;
}
