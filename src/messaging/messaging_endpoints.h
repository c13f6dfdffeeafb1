// The messaging API.
#pragma once

#include "http/router.h"
#include "messaging/message_service.h"

namespace kriya::messaging {

/// Who may do what: a key of MESSAGING_API_KEYS, or a Bearer with the scope.
struct MessagingAccess {
  http::AccessRule send;      // messages:send
  http::AccessRule read;      // messages:read
  http::AccessRule question;  // phone:lookup
};

/// The service must outlive the router.
void add_messaging_endpoints(http::Router& router, MessagingAccess access, MessageService& service);

}  // namespace kriya::messaging
