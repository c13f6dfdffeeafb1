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

/// Whether this server would take the token now. The audience is PUBLIC_URL, or its default on PORT.
Task<Result<void>> judge(LocalStore& store, std::string jwt) {
  const config::Settings& settings = store.settings();
  const auto keys = co_await app::load_keys(settings, store.database());
  if (!keys) co_return fail(keys.error());
  const SystemClock clock;
  telemetry::Metrics metrics;
  const identity::UserTokens tokens(*keys,
                                    {.audience = app::public_url(settings, settings.port),
                                     .life = settings.token_life,
                                     .clock_skew = settings.jwt_clock_skew},
                                    clock);
  const bool signature_good = crypto::verify_jwt(jwt, keys->verifying()).has_value();
  std::printf("signature  %s\n", signature_good ? "good" : "NOT by a key of this server");
  identity::TokenValidation validation(store.accounts(), tokens, clock, metrics);
  const auto owner = co_await validation.owner(jwt, command_deadline());
  if (owner) {
    std::printf("verdict    valid: belongs to %s\n", owner->phone_number.c_str());
  } else if (owner.error().code == Errc::invalid_token) {
    std::printf("verdict    refused: %s\n", !signature_good                ? "bad signature"
                                            : tokens.read(jwt).has_value() ? "revoked, or the user is gone"
                                                                           : "expired, or not issued for this server");
  } else {
    co_return fail(owner.error());
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
