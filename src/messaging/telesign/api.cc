#include "messaging/telesign/api.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "crypto/random.h"

namespace kriya::messaging::telesign {
namespace {

using Steady = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Steady, asio::wait_traits<Steady>, Executor>;

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr std::string_view kJsonType = "application/json";

bool is_self_service(std::string_view base_url) {
  return base_url.find("//rest-api.telesign.com") != std::string_view::npos;
}

/// Telesign's default limits (support article "Do you have any rate limits"), but what the operator set for sending.
unsigned per_second(Product product, const Options& options) {
  const bool sends = product != Product::phone_id && product != Product::intelligence;
  if (sends && options.messages_per_second > 0) return options.messages_per_second;
  switch (product) {
    case Product::sms:
    case Product::sms_verify:
    case Product::voice:
      return is_self_service(options.base_url) ? 1 : 50;
    case Product::messaging:
      return 10;
    case Product::phone_id:
    case Product::intelligence:
      return 150;
  }
  return 1;
}

std::array<TokenBucket, kProducts> buckets_for(const Options& options) {
  return {TokenBucket(per_second(Product::sms, options)),      TokenBucket(per_second(Product::sms_verify, options)),
          TokenBucket(per_second(Product::voice, options)),    TokenBucket(per_second(Product::messaging, options)),
          TokenBucket(per_second(Product::phone_id, options)), TokenBucket(per_second(Product::intelligence, options))};
}

/// The path of a URL: what is signed.
std::string_view path_of(std::string_view url) {
  const auto host = url.find("//") + 2;
  const auto slash = url.find('/', host);
  return slash == std::string_view::npos ? "/" : url.substr(slash);
}

NoAnswer no_answer(const http::client::Failure& failure) {
  return {failure.sent ? NoAnswer::Why::lost : NoAnswer::Why::unsent, failure.detail, {}};
}

}  // namespace

TelesignApi::TelesignApi(http::client::Client& client, const Clock& clock, Options options)
    : client_(client),
      clock_(clock),
      options_(std::move(options)),
      signer_(options_.credentials),
      detect_signer_(options_.detect.customer_id.empty() ? options_.credentials : options_.detect),
      buckets_(buckets_for(options_)) {}

http::client::Request TelesignApi::request_of(const Call& call) const {
  const bool at_detect = call.product == Product::intelligence;
  const TelesignSigner& signer = at_detect ? detect_signer_ : signer_;
  const std::string url = (at_detect ? options_.detect_url : options_.base_url) + call.path;
  const bool basic = options_.auth == Auth::basic || (options_.auth == Auth::automatic && at_detect);
  const Timestamp now = clock_.now();
  http::client::Request request{.method = call.method, .url = url, .body = call.body};
  request.headers = basic ? signer.basic(call.content_type)
                          : signer.digest({call.method, path_of(url), call.content_type, call.body},
                                          {to_http_date(now), crypto::new_uuid(now).str()});
  request.headers.emplace_back("Accept", kJsonType);
  if (!call.query.empty()) request.url += "?" + call.query;
  // Nothing is sent by asking again, so that a kept connection may break: at worst there is no answer.
  request.reuse_connection = at_detect || call.product == Product::phone_id;
  return request;
}

Task<Reply> TelesignApi::call(Call call, Deadline deadline) {
  const auto now = Steady::now();
  const auto longest_wait = std::max(Steady::duration::zero(), (deadline.at() - now) / 2);
  const auto turn = buckets_[static_cast<std::size_t>(call.product)].take(now, longest_wait);
  if (!turn.granted) {
    co_return tl::unexpected(NoAnswer{NoAnswer::Why::held_back, "as much as the account may ask for is waiting",
                                      std::chrono::ceil<std::chrono::milliseconds>(turn.wait)});
  }
  if (turn.wait > std::chrono::nanoseconds::zero()) {
    Timer timer(co_await asio::this_coro::executor);
    timer.expires_at(now + turn.wait);
    co_await timer.async_wait(use_task);
  }
  // Signed after the wait: the date must be fresh.
  const auto response = co_await client_.send(request_of(call), deadline);
  if (!response) co_return tl::unexpected(no_answer(response.error()));
  co_return read_answer(*response);
}

Task<Reply> TelesignApi::get(Product product, std::string path, std::string query, Deadline deadline) {
  return call({product, "GET", std::move(path), std::move(query), "", ""}, deadline);
}

Task<Reply> TelesignApi::post(Product product, std::string path, Form form, Deadline deadline) {
  return call({product, "POST", std::move(path), "", std::string(kFormType), form_encode(form)}, deadline);
}

Task<Reply> TelesignApi::post(Product product, std::string path, json::object body, Deadline deadline) {
  return call({product, "POST", std::move(path), "", std::string(kJsonType), write_json(body)}, deadline);
}

Task<Reply> TelesignApi::put(Product product, std::string path, Deadline deadline) {
  return call({product, "PUT", std::move(path), "", std::string(kFormType), ""}, deadline);
}

}  // namespace kriya::messaging::telesign
