// Any bytes as a notice of Telesign's, with its signature right: nothing may crash, and what is read is within bounds.
#include <cstdlib>

#include "messaging/telesign/receipts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kriya::messaging;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto receipts = telesign::read_notice(bytes);
  if (receipts) {
    if (receipts->reports.size() + receipts->inbound.size() > 1) std::abort();
    for (const StatusReport& report : receipts->reports) {
      if (report.reference.empty() && !report.message_id) std::abort();
      if (report.reference.size() > 256 || report.detail.size() > 256 || report.at.size() > 256) std::abort();
      if (report.segments.value_or(1) < 1) std::abort();
    }
    for (const InboundMessage& inbound : receipts->inbound) {
      if (inbound.from.str().size() < 9 || inbound.keyword.size() > 5) std::abort();
    }
  }
  // As a header, too: whatever it says, it is no signature of this body.
  static const telesign::TelesignReceipts parser(telesign::Credentials{"customer", kriya::Secret("VGVzdCBLZXk=")},
                                                 kriya::Secret());
  kriya::http::Request request;
  request.set_start("POST", "/webhooks/telesign", 1);
  request.mutable_body() = "{}";
  request.add_header("Authorization", bytes);
  if (parser.parse(request)) std::abort();
  return 0;
}
