// What other applications and providers ask of the outbox.
#pragma once

#include "app/phone_services.h"
#include "messaging/message_service.h"
#include "messaging/receipt_intake.h"

namespace kriya::app {

struct MessagingServices {
  /// All references must outlive this object.
  MessagingServices(const config::Settings& settings, PhoneServices& phone, storage::Database& database,
                    const Clock& clock, const telemetry::Log& log, telemetry::Metrics& metrics)
      : service(phone.outbox(), phone.outbox().store(), PhoneHash(settings.master_key), phone.providers().lookup,
                phone.providers().risk),
        intake({.database = database,
                .master = settings.master_key,
                .outbox = phone.outbox(),
                .clock = clock,
                .log = log,
                .metrics = metrics}) {}

  messaging::MessageService service;
  messaging::ReceiptIntake intake;
};

}  // namespace kriya::app
