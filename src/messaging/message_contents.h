// What a message may hold, by the documented limits of those who carry it.
#pragma once

#include <string_view>

#include "messaging/message.h"
#include "schema/described.h"

namespace kriya::messaging {

/// Notes every bad field under its path. Lengths are in characters (code points).
/// Telesign, POST /v1/messaging: at most 1,600. White space alone is no text.
void check_sms_text(std::string_view text, schema::FieldErrors& errors);

/// Exactly one content, within the limits of the WhatsApp Cloud API's reference (messages; interactive reply buttons;
/// interactive lists). `code` is none that a client may send.
void check_whatsapp(const Content& content, schema::FieldErrors& errors);

}  // namespace kriya::messaging
