// Tools and the rules around their calls.
#pragma once

#include "app/messaging_services.h"
#include "app/sign_in.h"
#include "tools/built_in/built_in_tools.h"
#include "tools/tool_runner.h"

namespace kriya::app {

struct ToolServices {
  /// All references must outlive this object.
  ToolServices(const config::Settings& settings, SignIn& sign_in, PhoneServices& phone, MessagingServices& messages,
               audit::ToolLog& calls, const audit::Redaction& redaction, const Clock& clock, const telemetry::Log& log,
               telemetry::Metrics& metrics)
      : runner(tools::built_in_tools({.accounts = sign_in.accounts,
                                      .sessions = sign_in.own_sessions,
                                      .messages = messages.service,
                                      .verification = phone.verification()}),
               {.timeout = settings.tool_timeout},
               {.calls = calls, .redaction = redaction, .clock = clock, .log = log, .metrics = metrics}) {}

  tools::ToolRunner runner;
};

}  // namespace kriya::app
