// Messages and the proof of phones, built the same way for the server and for an operator's commands.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/providers.h"
#include "config/settings.h"
#include "messaging/outbox.h"
#include "storage/database.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "verification/code_verification.h"
#include "verification/message_texts.h"
#include "verification/security_log.h"

namespace kriya::app {

class PhoneServices {
 public:
  /// All references must outlive this object. Errors: with words for an operator.
  static Result<std::unique_ptr<PhoneServices>> open(const config::Settings& settings, const std::string& public_url,
                                                     storage::Database& database, const Clock& clock,
                                                     const telemetry::Log& log, telemetry::Metrics& metrics);

  Providers& providers() { return *providers_; }
  messaging::Outbox& outbox() { return *outbox_; }
  const verification::MessageTexts& texts() const { return *texts_; }
  verification::SecurityLog& events() { return *events_; }
  verification::CodeVerification& verification() { return *verification_; }

 private:
  PhoneServices() = default;

  std::unique_ptr<Providers> providers_;
  std::optional<messaging::Outbox> outbox_;
  std::optional<verification::MessageTexts> texts_;
  std::optional<verification::SecurityLog> events_;
  std::optional<verification::CodeVerification> verification_;
};

}  // namespace kriya::app
