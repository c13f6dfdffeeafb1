#include "messaging/whatsapp/meta_receipts.h"

#include "base/encoding.h"
#include "crypto/digest.h"
#include "messaging/fields.h"
#include "messaging/safe_words.h"
#include "messaging/whatsapp/meta_codes.h"

namespace kriya::messaging::whatsapp {
namespace {

std::optional<Status> status_of(std::string_view word) {
  if (word == "sent") return Status::sent;
  if (word == "delivered") return Status::delivered;
  if (word == "read" || word == "played") return Status::read;
  if (word == "failed") return Status::failed;
  return std::nullopt;
}

void read_status(const Fields& status, Receipts& receipts) {
  const auto known = status_of(status.text("status"));
  StatusReport report;
  report.reference = reference_of(status.text("id"));
  report.message_id = Uuid::parse(status.text("biz_opaque_callback_data"));
  if (!known || (report.reference.empty() && !report.message_id)) return;
  report.status = *known;
  report.at = status.text("timestamp");
  if (const json::array* errors = status.array("errors"); errors != nullptr && !errors->empty()) {
    const Fields error(&errors->front());
    const auto code = error.number("code");
    const auto refusal = code ? refusal_of(*code) : std::nullopt;
    report.code = code ? std::to_string(*code) : "";
    report.detail = safe_words(error.text("title"));
    report.retryable = *known == Status::failed && refusal && (refusal->retryable || refusal->elsewhere);
  }
  receipts.reports.push_back(std::move(report));
}

/// What a person typed; "" for pictures and the like, and for buttons: "Cancel" on one is about an appointment.
std::string words_of(const Fields& message) { return message.object("text").text("body"); }

void read_message(const Fields& message, Receipts& receipts) {
  const auto from = PhoneNumber::parse("+" + message.text("from"));  // "16505551234"
  if (!from) return;
  receipts.inbound.push_back({*from, reference_of(message.text("id")), words_of(message), ""});
}

template <class Read>
void for_each(const json::array* list, Read read) {
  if (list == nullptr) return;
  for (const json::value& item : *list) {
    if (item.is_object()) read(Fields(&item));
  }
}

}  // namespace

Result<Receipts> read_meta_notice(std::string_view body) {
  const auto document = parse_json(body);
  if (!document) return fail(document.error());
  const Fields notice(&*document);
  if (!notice.exist()) return fail(Errc::bad_request, "No notice of Meta's.");
  Receipts receipts;
  for_each(notice.array("entry"), [&](const Fields& entry) {
    for_each(entry.array("changes"), [&](const Fields& change) {
      const Fields value = change.object("value");
      for_each(value.array("statuses"), [&](const Fields& status) { read_status(status, receipts); });
      for_each(value.array("messages"), [&](const Fields& message) { read_message(message, receipts); });
    });
  });
  return receipts;
}

bool MetaReceipts::is_signed(const http::Request& request) const {
  constexpr std::string_view name = "X-Hub-Signature-256";
  const auto header = request.header(name);
  if (!header || request.count(name) > 1 || app_secret_.empty()) return false;
  const std::string right = "sha256=" + hex_encode(crypto::hmac_sha256(app_secret_.reveal(), request.body()));
  return crypto::equal_in_constant_time(right, *header);
}

Result<Receipts> MetaReceipts::parse(const http::Request& request) const {
  if (!is_signed(request)) return fail(Errc::forbidden, "The signature is missing or wrong.");
  return read_meta_notice(request.body());
}

}  // namespace kriya::messaging::whatsapp
