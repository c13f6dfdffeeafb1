// A message as the body that Meta's Cloud API takes (developers.facebook.com, WhatsApp Cloud API, "Messages").
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"
#include "messaging/ports.h"

namespace kriya::messaging::whatsapp {

/// `code_template`: the approved authentication template that carries codes; empty: no codes. Nullopt for what Meta
/// does not take: wrong counts or lengths, a caption where none is shown, a code that the provider is to make.
std::optional<json::object> meta_content(const Content& content, std::string_view code_template);

/// The whole body: recipient, our id (which comes back in each receipt), and the content.
json::object meta_message(const Outgoing& message, json::object content);

}  // namespace kriya::messaging::whatsapp
