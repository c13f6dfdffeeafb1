// Sessions of browsers, as the configuration wants their cookies.
#pragma once

#include "app/clients.h"
#include "identity/browser_sign_in.h"

namespace kriya::app {

/// `port`: where this server listens. The references must outlive what is returned.
identity::BrowserSignIn browser_sign_in(const config::Settings& settings, const std::string& public_url,
                                        std::uint16_t port, SignIn& sign_in, Clients& clients, const Clock& clock);

}  // namespace kriya::app
