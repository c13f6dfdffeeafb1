// Any bytes as a notice of Meta's, with its signature right: nothing may crash, and what is read is within bounds.
#include <cstdlib>

#include "messaging/whatsapp/meta_receipts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kriya::messaging;
  const auto receipts = whatsapp::read_meta_notice({reinterpret_cast<const char*>(data), size});
  if (!receipts) return 0;
  for (const StatusReport& report : receipts->reports) {
    if (report.reference.empty() && !report.message_id) std::abort();
    if (report.reference.size() > 256 || report.detail.size() > 256 || report.status == Status::queued) std::abort();
  }
  for (const InboundMessage& inbound : receipts->inbound) {
    if (inbound.from.str().size() < 9) std::abort();
  }
  return 0;
}
