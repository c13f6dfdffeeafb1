#include "messaging/telesign/poller.h"

#include "messaging/telesign/codes.h"
#include "messaging/telesign/report.h"

namespace kriya::messaging::telesign {

Task<Result<StatusReport>> TelesignPoller::ask(Product product, std::string path, Deadline deadline) {
  const Reply reply = co_await api_.get(product, std::move(path), "", deadline);
  if (!reply) co_return fail(error_of(reply.error()));
  const bool success = reply->http_status >= 200 && reply->http_status < 300;
  if (!success) {
    if (reply->http_status == 404 || (reply->code && is_unknown_reference(*reply->code))) {
      co_return fail(Errc::not_found, "Telesign does not know this message, or no more.");
    }
    Error error = error_of(*reply);
    error.code = Errc::unavailable;
    co_return fail(std::move(error));
  }
  auto report = report_of(reply->fields());
  if (!report) co_return fail(Errc::unavailable, "Telesign's answer has no status.");
  co_return *std::move(report);
}

Task<Result<StatusReport>> TelesignPoller::poll(std::string reference, Channel channel, Deadline deadline) {
  const std::string id = percent_encode(reference);
  if (channel == Channel::whatsapp) co_return co_await ask(Product::messaging, "/v1/omnichannel/" + id, deadline);
  if (channel == Channel::voice) co_return co_await ask(Product::voice, "/v1/verify/" + id, deadline);
  auto report = co_await ask(Product::sms, "/v1/messaging/" + id, deadline);
  if (report || report.error().code != Errc::not_found) co_return report;
  co_return co_await ask(Product::sms_verify, "/v1/verify/" + id, deadline);
}

}  // namespace kriya::messaging::telesign
