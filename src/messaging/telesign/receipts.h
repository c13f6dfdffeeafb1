// What Telesign posts to us: delivery receipts, and messages that people sent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messaging/ports.h"
#include "messaging/telesign/signing.h"

namespace kriya::messaging::telesign {

/// Safe to use from any thread.
///
/// The signature is over the body alone: it holds for a repetition, too, and says nothing of the address's query. Where
/// the body has no id of ours, the query's `message` is taken for it (see callback_with_id); the reference tells more.
class TelesignReceipts final : public ReceiptParser {
 public:
  /// `previous_key`: believed as well while keys are rotated; may be empty. Throws std::runtime_error when a key is no
  /// base64.
  TelesignReceipts(const Credentials& credentials, const Secret& previous_key);

  std::string_view provider() const override { return "telesign"; }
  Result<Receipts> parse(const http::Request& request) const override;

 private:
  bool is_signed(const http::Request& request) const;
  bool is_ours(std::string_view header, std::string_view body) const;

  std::string customer_id_;
  std::vector<Secret> keys_;
};

/// The body of a notice whose signature was checked. Errors: invalid_json, bad_request.
Result<Receipts> read_notice(std::string_view body);

}  // namespace kriya::messaging::telesign
