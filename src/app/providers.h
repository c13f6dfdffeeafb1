// Who sends messages, looks numbers up and scores them, as the configuration names them: the only place that asks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "http/client/curl.h"
#include "messaging/console_sender.h"
#include "messaging/outbox.h"
#include "messaging/ports.h"

namespace kriya::app {

/// Built before the outbox and destroyed after it. Safe to use from any thread.
class Providers {
 public:
  /// Errors: unavailable, with words for an operator, when an account's key cannot be one.
  static Result<std::unique_ptr<Providers>> open(const config::Settings& settings, const std::string& public_url,
                                                 const Clock& clock);
  virtual ~Providers() = default;

  std::vector<messaging::MessageSender*> senders;  // in the order of preference
  std::vector<const messaging::ReceiptParser*> receipt_parsers;
  messaging::Pollers pollers;

  // Null: there is none.
  messaging::CodeVerifier* code_verifier = nullptr;  // with CODE_PROVIDER=telesign alone
  messaging::NumberLookup* lookup = nullptr;
  messaging::RiskScorer* risk = nullptr;
};

}  // namespace kriya::app
