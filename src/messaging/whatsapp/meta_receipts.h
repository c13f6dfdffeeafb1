// What Meta posts to us: statuses of messages, and messages that people sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "messaging/ports.h"

namespace kriya::messaging::whatsapp {

/// Safe to use from any thread.
class MetaReceipts final : public ReceiptParser {
 public:
  /// `app_secret` signs what is posted.
  explicit MetaReceipts(Secret app_secret) : app_secret_(std::move(app_secret)) {}

  std::string_view provider() const override { return "meta"; }
  Result<Receipts> parse(const http::Request& request) const override;

 private:
  bool is_signed(const http::Request& request) const;

  Secret app_secret_;
};

/// The body of a notice whose signature was checked. Errors: invalid_json, bad_request.
Result<Receipts> read_meta_notice(std::string_view body);

}  // namespace kriya::messaging::whatsapp
