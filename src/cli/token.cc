// kriya token: what a token says, and whether it is good.
#include <cstdio>
#include <iostream>

#include "app/keys.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/local_store.h"
#include "cli/pretty_json.h"
#include "crypto/jwt.h"
#include "identity/token_validation.h"

namespace kriya::cli {
namespace {

std::string time_line(const json::object& claims, const char* claim, const char* label) {
  const json::value* value = claims.if_contains(claim);
  if (value == nullptr || !value->is_int64()) return {};
  const std::int64_t seconds = value->get_int64();
  if (seconds < 0 || seconds > 253'402'300'799) return {};
  return std::string(label) + to_rfc3339(Timestamp::from_seconds(seconds)) + "\n";
}

/// Why a token with a good signature is refused, as far as its claims tell.
std::string reason(const json::object& claims, bool accepted, const std::string& audience) {
  if (accepted) return "revoked, or the user is gone";
  const json::value* issued_for = claims.if_contains("aud");
  if (issued_for != nullptr && issued_for->is_string() && issued_for->get_string() != audience) {
    return "issued for " + std::string(issued_for->get_string()) + ", but this server is " + audience +
           " (PUBLIC_URL, or else PORT)";
  }
  return "expired, or not a user token";
}

/// Whether this server would take the token now.
Task<Result<void>> judge(LocalStore& store, std::string jwt) {
  const config::Settings& settings = store.settings();
  const auto keys = co_await app::load_keys(settings, store.database());
  if (!keys) co_return fail(keys.error());
  const SystemClock clock;
  telemetry::Metrics metrics;
  const std::string audience = app::public_url(settings, settings.port);
  const identity::UserTokens tokens(
      *keys, {.audience = audience, .life = settings.token_life, .clock_skew = settings.jwt_clock_skew}, clock);
  const auto verified = crypto::verify_jwt(jwt, keys->verifying());
  std::printf("signature  %s\n", verified ? "good" : "NOT by a key of this server");
  identity::TokenValidation validation(store.accounts(), store.sessions(), tokens, clock, metrics);
  const auto claims = validation.read(jwt);
  Result<identity::User> owner = fail(Errc::invalid_token, "");
  if (claims) owner = co_await validation.owner(*claims, command_deadline());
  if (!owner && owner.error().code != Errc::invalid_token) co_return fail(owner.error());
  if (owner) {
    std::printf("verdict    valid: belongs to %s\n", owner->phone_number.c_str());
  } else {
    std::printf("verdict    refused: %s\n",
                verified ? reason(*verified, claims.has_value(), audience).c_str() : "bad signature");
  }
  co_return Result<void>();
}

int inspect(std::string jwt) {
  if (jwt.empty() || jwt == "-") std::getline(std::cin, jwt);
  jwt = trim(jwt);
  const auto decoded = crypto::decode_without_verifying(jwt);
  if (!decoded) {
    std::fprintf(stderr, "kriya: this is no JWT: %s\n", decoded.error().detail.c_str());
    return 1;
  }
  std::printf("header     %s\nclaims     %s\n", pretty_json(decoded->header).c_str(),
              pretty_json(decoded->claims).c_str());
  std::fputs(time_line(decoded->claims, "iat", "issued     ").c_str(), stdout);
  std::fputs(time_line(decoded->claims, "exp", "expires    ").c_str(), stdout);
  const auto store = LocalStore::open();
  return store ? LocalStore::run(judge(*store, std::move(jwt))) : 1;
}

}  // namespace

void add_token(CLI::App& app, int& exit_code) {
  CLI::App* token = app.add_subcommand("token", "Look into tokens");
  token->require_subcommand(1);
  CLI::App* command = token->add_subcommand("inspect", "What a token says, and whether this server takes it");
  const auto jwt = std::make_shared<std::string>();
  command->add_option("token", *jwt,
                      "The token; without it, or as -, it is read from standard input (and stays out of "
                      "the process list)");
  command->callback([jwt, &exit_code] { exit_code = inspect(*jwt); });
}

}  // namespace kriya::cli
