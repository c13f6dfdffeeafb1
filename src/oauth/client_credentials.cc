#include "oauth/client_credentials.h"

#include "access/session_lookup.h"
#include "crypto/digest.h"

namespace kriya::oauth {
namespace {

tl::unexpected<Error> not_proven() {
  return fail(Errc::invalid_client, "There is no such client, or this is not its secret.");
}

/// What the token may do: what was asked for, if the client has all of it.
Result<std::string> granted(const std::string& asked, const Client& client) {
  if (asked.empty()) return client.scope;
  std::string granted;
  for (const std::string& word : words_of(asked)) {
    if (!access::has_scope(client.scope, word)) {
      return fail(Errc::invalid_scope, "The client may not do all of what it asks for.");
    }
    granted += (granted.empty() ? "" : " ") + word;
  }
  if (granted.empty()) return fail(Errc::invalid_scope, "The scope has no words.");
  return granted;
}

}  // namespace

ClientCredentials::ClientCredentials(ClientStore& clients, const ClientTokens& tokens, telemetry::Metrics& metrics)
    : clients_(clients),
      tokens_(tokens),
      issued_(metrics.counter("kriya_client_tokens_total", "Requests of programs for a token, by outcome.",
                              {{"outcome", "issued"}})),
      refused_(metrics.counter("kriya_client_tokens_total", "Requests of programs for a token, by outcome.",
                               {{"outcome", "refused"}})) {}

Task<Result<TokenAnswer>> ClientCredentials::grant(TokenRequest request, bool may_be_demo, Deadline deadline) {
  if (request.blank) {
    if (may_be_demo && tokens_.demo_tokens()) co_return TokenAnswer{.access_token = tokens_.issue_demo()};
    co_return fail(Errc::invalid_client, "Prove which client you are: by Basic, or by client_id and client_secret.");
  }
  if (request.grant_type.empty()) co_return fail(Errc::invalid_request, "grant_type is missing.");
  if (request.grant_type != "client_credentials") {
    co_return fail(Errc::unsupported_grant_type, "The only grant_type here is client_credentials.");
  }
  const auto client = co_await authenticate(std::move(request.client_id), std::move(request.client_secret), deadline);
  if (!client) co_return fail(client.error());
  auto scope = granted(request.scope, *client);
  if (!scope) co_return fail(std::move(scope.error()));
  issued_.add();
  TokenAnswer answer{.access_token = tokens_.issue(*client, *scope)};
  if (!scope->empty()) answer.scope = *std::move(scope);
  co_return answer;
}

/// The same work whether or not there is such a client: time tells nothing of which ids exist.
Task<Result<Client>> ClientCredentials::authenticate(std::string client_id, Secret secret, Deadline deadline) {
  const std::string offered = hash_of_secret(secret.reveal());
  auto client = co_await clients_.find(std::move(client_id), deadline);
  if (!client) co_return fail(std::move(client.error()));
  const std::string& expected = *client ? (*client)->secret_hash : std::string(offered.size(), '-');
  const bool right = crypto::equal_in_constant_time(expected, offered);
  if (!*client || !right) {
    refused_.add();
    co_return not_proven();
  }
  co_return **std::move(client);
}

}  // namespace kriya::oauth
