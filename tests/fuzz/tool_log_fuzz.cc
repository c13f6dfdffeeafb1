// Any bytes as lines of the log: nothing may crash, nothing is taken for a line of ours without the key, and what is
// read is written again as it was. And as texts: what redaction has cleaned stays as it is.
#include <cstdlib>

#include "audit/chain_check.h"
#include "audit/redaction.h"
#include "audit/tool_call_lines.h"
#include "base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kriya;
  using namespace kriya::audit;
  static const std::vector<ChainKey> keys = [] {
    std::vector<ChainKey> made;
    made.emplace_back(Secret("a master key of more than enough bytes"));
    return made;
  }();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const Framing framing : {Framing::json, Framing::text}) {
    ChainCheck check(framing, keys, Link{3, std::string(64, 'a')}, Link{});
    std::uint64_t number = 0;
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      check.add("file", ++number, rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (check.finish().empty()) std::abort();
  }
  if (const auto entry = read_json_line(bytes)) {
    const std::string body = json_body(*entry) + "}";
    const auto again = read_json_line(body);
    if (!again || json_body(*again) + "}" != body) std::abort();
    if (readable_body(*entry).find('\n') != std::string::npos) std::abort();
  }
  for (const Phones phones : {Phones::masked, Phones::full}) {
    const Redaction redaction(phones);
    std::int64_t redactions = 0;
    const std::string once = redaction.text(bytes, redactions);
    const bool storable = utf8_length(bytes) && bytes.find('\0') == std::string_view::npos;  // else it is made so
    if (redactions == 0 && storable && once != bytes) std::abort();
    std::int64_t ignored = 0;
    const std::string twice = redaction.text(once, ignored);
    if (twice.size() > once.size() + 64) std::abort();
  }
  return 0;
}
