#include "messaging/telesign/receipts.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "messaging/telesign/report.h"

namespace kriya::messaging::telesign {
namespace {

constexpr std::size_t kSignatureSize = 32;
constexpr std::string_view kHeaders[] = {"Authorization", "X-TS-Authorization"};

/// Telesign's numbers have no '+'.
std::optional<PhoneNumber> number_of(const Fields& fields) {
  std::string digits = fields.text("phone_number");
  if (!digits.starts_with('+')) digits.insert(0, "+");
  auto number = PhoneNumber::parse(digits);
  if (!number) return std::nullopt;
  return *std::move(number);
}

/// STOP, START or HELP; whatever else Telesign reads ("GENERIC") is no keyword.
std::string keyword_of(const Fields& fields) {
  std::string word = fields.text("action");
  std::ranges::transform(word, word.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return word == "STOP" || word == "START" || word == "HELP" ? word : "";
}

/// Inbound SMS have `user_response`; WhatsApp and RCS have `content`, WhatsApp another `content` in it.
std::optional<InboundMessage> inbound_of(const Fields& notice) {
  const Fields response = notice.object("user_response");
  const Fields content = notice.object("content");
  const Fields action = content.object("end_user_action");
  const auto from = number_of(response.exist() ? response : notice);
  if (!from) return std::nullopt;
  InboundMessage inbound{.from = *from, .reference = notice.text("reference_id"), .text = {}, .keyword = {}};
  inbound.keyword = keyword_of(response.exist() ? response : action);
  for (const auto& [fields, name] :
       {std::pair{response, "mo_message"}, std::pair{content.object("content"), "body"}, std::pair{content, "body"},
        std::pair{content, "text"}, std::pair{content, "text_1"}, std::pair{action, "text"}}) {
    if (inbound.text.empty()) inbound.text = fields.text(name);
  }
  return inbound;
}

bool is_inbound(const Fields& notice) {
  return notice.text("sub_resource").starts_with("mo_") || notice.has("user_response") ||
         (notice.has("content") && notice.has("phone_number"));
}

/// How a template of ours fares: it has a name and a channel where a message has a person.
bool is_about_a_template(const Fields& notice) { return notice.has("name") && notice.has("channel"); }

}  // namespace

TelesignReceipts::TelesignReceipts(const Credentials& credentials, const Secret& previous_key)
    : customer_id_(credentials.customer_id) {
  keys_.push_back(decoded_key(credentials.api_key));
  if (!previous_key.empty()) keys_.push_back(decoded_key(previous_key));
}

/// `TSA customer:signature`, or the signature alone.
bool TelesignReceipts::is_ours(std::string_view header, std::string_view body) const {
  std::string_view text = trim(header);
  constexpr std::string_view scheme = "TSA ";
  if (equals_ignoring_case(text.substr(0, scheme.size()), scheme)) {
    text = trim(text.substr(scheme.size()));
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || text.substr(0, colon) != customer_id_) return false;
    text.remove_prefix(colon + 1);
  }
  const auto signature = base64_decode(text);
  if (!signature || signature->size() != kSignatureSize) return false;
  bool found = false;
  for (const Secret& key : keys_) {
    found |= crypto::equal_in_constant_time(crypto::hmac_sha256(key.reveal(), body), *signature);
  }
  return found;
}

/// Telesign sends both headers; whichever is there must be right, and one must be there.
bool TelesignReceipts::is_signed(const http::Request& request) const {
  bool found = false;
  for (const std::string_view name : kHeaders) {
    const auto header = request.header(name);
    if (!header) continue;
    if (request.count(name) > 1 || !is_ours(*header, request.body())) return false;
    found = true;
  }
  return found;
}

Result<Receipts> read_notice(std::string_view body) {
  const auto document = parse_json(body);
  if (!document) return fail(document.error());
  const Fields notice(&*document);
  if (!notice.exist()) return fail(Errc::bad_request, "No notice of Telesign's.");
  Receipts receipts;
  if (is_inbound(notice)) {
    if (auto inbound = inbound_of(notice)) receipts.inbound.push_back(*std::move(inbound));
  } else if (!is_about_a_template(notice)) {
    if (auto report = report_of(notice)) receipts.reports.push_back(*std::move(report));
  }
  return receipts;
}

Result<Receipts> TelesignReceipts::parse(const http::Request& request) const {
  if (!is_signed(request)) return fail(Errc::forbidden, "The signature is missing or wrong.");
  auto receipts = read_notice(request.body());
  if (!receipts) return receipts;
  const auto in_query = request.query_parameter("message");
  const auto id = in_query ? Uuid::parse(*in_query) : std::nullopt;
  for (StatusReport& report : receipts->reports) {
    if (!report.message_id) report.message_id = id;
  }
  return receipts;
}

}  // namespace kriya::messaging::telesign
