// Where providers send receipts.
#pragma once

#include <string>

#include "base/secret.h"
#include "http/router.h"
#include "messaging/receipt_intake.h"

namespace kriya::messaging {

/// POST `path`: the signature is checked over the raw bytes, what they say is on disk, then 200. The parser and the
/// intake must outlive the router.
void add_receipt_endpoint(http::Router& router, std::string path, const ReceiptParser& parser, ReceiptIntake& intake);

/// Proves to Meta that the address is ours: the challenge goes back to whoever knows the token.
class MetaHandshake {
 public:
  explicit MetaHandshake(const Secret& token) : token_(token) {}

  /// The challenge. Errors: bad_request (no hub.* parameters), forbidden (wrong token, or none is set).
  Result<std::string> answer(const http::Request& request) const;

 private:
  Secret token_;
};

/// GET `path`
void add_handshake_endpoint(http::Router& router, std::string path, MetaHandshake handshake);

}  // namespace kriya::messaging
