// Signatures that Telesign's own clients made, and how to talk of its account in tests.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "base/json.h"
#include "http/message.h"
#include "messaging/telesign/signing.h"

namespace kriya::tests {

/// tests/data/telesign_vectors.json; `meta` there says where each comes from.
inline const json::object& telesign_vectors() {
  static const json::value document = [] {
    std::ifstream file(KRIYA_SOURCE_DIR "/tests/data/telesign_vectors.json");
    return parse_json(std::string(std::istreambuf_iterator<char>(file), {})).value();
  }();
  return document.as_object();
}

inline std::string text_at(const json::value& object, std::string_view name) {
  const json::value* found = object.as_object().if_contains(name);
  return found == nullptr || !found->is_string() ? "" : std::string(found->as_string());
}

inline messaging::telesign::Credentials telesign_credentials() {
  const json::value& meta = telesign_vectors().at("meta");
  return {text_at(meta, "customer_id"), Secret(text_at(meta, "api_key_base64"))};
}

inline http::Request webhook(std::string_view target, std::string_view body) {
  http::Request request;
  request.set_start("POST", target, 1);
  request.mutable_body() = body;
  return request;
}

}  // namespace kriya::tests
