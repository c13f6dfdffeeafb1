// A message as the body of a request: which of Telesign's products carries it, and how it is written there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "messaging/ports.h"
#include "messaging/telesign/form.h"

namespace kriya::messaging::telesign {

struct SendingOptions {
  std::string sender_id = {};      // empty: Telesign's choice
  std::string callback_url = {};   // where receipts go; empty: the account's own setting
  std::string code_template = {};  // the approved WhatsApp template for codes; empty: no codes by WhatsApp
  bool sms_fallback = true;        // behind WhatsApp: of codes, and of messages that say what an SMS says instead
};

/// POST /v1/messaging: a text, or a code that we made.
Form sms_request(const Outgoing& message, std::string_view text, const SendingOptions& options);

/// POST /v1/verify/sms: Telesign makes the code and compares it.
Form sms_verify_request(const Outgoing& message, const SendingOptions& options);

/// POST /v1/verify/call: the code, ours or Telesign's, is spoken.
Form call_request(const Outgoing& message, const SendingOptions& options);

/// Whether omnichannel_request can write it. Telesign documents no way to send inline buttons and lists (they are
/// templates there), stickers, captions, and bodies over 10 KB.
bool fits_omnichannel(const Content& content, const SendingOptions& options);

/// What Telesign sends by SMS when WhatsApp fails or takes too long: the text of a code, or `sms_instead` where the
/// body has room for it. Nothing else: nobody asked for another SMS.
std::optional<std::string> sms_behind(const Outgoing& message, const SendingOptions& options);

/// POST /v1/omnichannel: WhatsApp, with sms_behind to fall back on. Only for what fits_omnichannel.
json::object omnichannel_request(const Outgoing& message, const SendingOptions& options);

/// What a call says for a code: `code` goes into verify_code, which takes three to five digits without a leading zero;
/// the digits before it are spoken from the text.
struct Spoken {
  std::string code;
  std::string digits_before;  // "1, 2, "
};
std::optional<Spoken> spoken(std::string_view code);

}  // namespace kriya::messaging::telesign
