// Any text as a typed command, against a schema with every type; and completing it.
#include <cstdlib>

#include "agent/command_help.h"
#include "agent/slash_command.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kriya;
  static const auto spec = [] {
    auto made = std::make_shared<tools::ToolSpec>();
    made->name = "t";
    made->input_schema =
        parse_json(R"({"type":"object","properties":{"s":{"type":"string","enum":["a","b"]},"i":{"type":"integer"},
          "n":{"type":"number"},"b":{"type":"boolean"},"l":{"type":"array","items":{"type":"integer"}},
          "o":{"type":"object"},"x":{}}})")
            ->as_object();
    return made;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto command = agent::parse_command(text);
  if (command && !agent::is_command(text)) std::abort();
  if (command) {
    const auto arguments = agent::typed_arguments(*command, spec->input_schema);
    if (!arguments && arguments.error().empty()) std::abort();
  }
  for (const auto& one : agent::complete(text, {spec})) {
    if (!one.text.starts_with('/')) std::abort();
  }
  return 0;
}
