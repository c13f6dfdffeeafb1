// What the endpoints of this folder have in common: limits, lists of errors, examples.
#pragma once

#include <vector>

#include "http/rate_limit.h"
#include "identity/auth_messages.h"

namespace kriya::identity {

constexpr const char* kTag = "Phone sign-in";

// Many people may share an address; the limit is there for floods of forged tokens, each of which costs a signature.
inline const http::RateLimit kHolderAddressLimit{
    .name = "account-address", .scope = http::RateLimit::Scope::address, .requests = 3'000};

// One person's pages and devices together, with room: ten a second.
inline const http::RateLimit kHolderLimit{.name = "account", .scope = http::RateLimit::Scope::user, .requests = 600};

// Guesses are counted exactly elsewhere, in the database; this keeps a flood of them away from it.
inline const http::RateLimit kVerifyLimit{.name = "verify", .scope = http::RateLimit::Scope::address, .requests = 600};

// Nobody guesses 256 bits; many people behind one address refresh.
inline const http::RateLimit kRefreshLimit{
    .name = "refresh", .scope = http::RateLimit::Scope::address, .requests = 3'000};

/// What sending a code and checking one can fail with.
std::vector<Errc> errors_of_sending(std::vector<Errc> others = {});
std::vector<Errc> errors_of_checking(std::vector<Errc> others = {});

UserBody example_user();
SignInAnswer example_sign_in(const char* message);
VerificationStarted example_started();
CodeRequest example_code();

}  // namespace kriya::identity
