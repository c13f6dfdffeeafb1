// The whole HTTP API: which context answers what, and who may ask.
#pragma once

#include <string>

#include "app/browsers.h"
#include "app/clients.h"
#include "app/messaging_services.h"
#include "app/phone_services.h"
#include "app/sign_in.h"
#include "http/router.h"

namespace kriya::app {

/// Everything that is served must outlive the router.
void add_routes(http::Router& router, const config::Settings& settings, SignIn& sign_in, Clients& clients,
                identity::BrowserSignIn& browsers, PhoneServices& phone, MessagingServices& messages,
                storage::Database& database, const telemetry::Metrics& metrics);

}  // namespace kriya::app
