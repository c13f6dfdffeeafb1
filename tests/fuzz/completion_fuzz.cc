// Any lines as the chunks of a model's answer.
#include <cstdlib>

#include "agent/completion_assembler.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kriya::agent;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  CompletionAssembler assembler;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const auto text = assembler.take(rest.substr(0, end));
    if (!text) return 0;
    if (*text && (*text)->empty()) std::abort();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto events = assembler.finish();
  if (!events) return 0;
  if (events->empty() || !std::holds_alternative<Finished>(events->back())) std::abort();
  for (const ModelEvent& event : *events) {
    const auto* call = std::get_if<ModelCall>(&event);
    if (call != nullptr && !call->broken.empty() && !call->arguments.empty()) std::abort();
  }
  return 0;
}
