// Any bytes as a stream of server-sent events: however they are cut, the events are the same.
#include <cstdlib>

#include "http/sse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kriya::http::SseEvent;
  using kriya::http::SseParser;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t kMost = 4'096;
  const auto all = SseParser(kMost).feed(bytes);
  SseParser by_bytes(kMost);
  std::vector<SseEvent> events;
  bool failed = false;
  for (std::size_t i = 0; i < size && !failed; ++i) {
    const auto some = by_bytes.feed(bytes.substr(i, 1));
    failed = !some;
    if (some) events.insert(events.end(), some->begin(), some->end());
  }
  if (failed != !all) std::abort();
  if (failed) return 0;
  if (events.size() != all->size()) std::abort();
  for (std::size_t i = 0; i < events.size(); ++i) {
    const SseEvent& one = (*all)[i];
    if (one.event != events[i].event || one.data != events[i].data || one.id != events[i].id) std::abort();
    // What we write is read as it was.
    const auto again = SseParser().feed(kriya::http::sse_text(one.event, one.data, one.id));
    if (!again || again->size() != 1 || again->front().data != one.data) std::abort();
  }
  return 0;
}
