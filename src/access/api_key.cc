#include "access/api_key.h"

#include "base/encoding.h"
#include "crypto/digest.h"

namespace kriya::access {
namespace {

json::object scheme(std::string_view description) {
  return {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}, {"description", description}};
}

Task<Result<void>> nothing_to_confirm() { co_return Result<void>(); }

tl::unexpected<Error> wrong_key() { return fail(Errc::invalid_api_key, "The X-API-Key is not one that we know."); }

}  // namespace

ApiKeys::ApiKeys(const std::vector<Secret>& keys) {
  for (const Secret& key : keys) digests_.push_back(crypto::sha256(key.reveal()));
}

std::optional<std::string> ApiKeys::find(std::string_view offered) const {
  constexpr std::size_t kIdBytes = 8;
  const std::string digest = crypto::sha256(offered);
  bool found = false;
  for (const std::string& key : digests_) found = crypto::equal_in_constant_time(key, digest) || found;
  return found ? std::optional(hex_encode(std::string_view(digest).substr(0, kIdBytes))) : std::nullopt;
}

http::AccessRule require_api_key(ApiKeys keys, ApiKeyScheme documented) {
  return {.check = [keys = std::move(keys)](const http::Request& request, http::Caller& caller) -> Result<void> {
            const auto offered = request.header("X-API-Key");
            if (!offered || offered->empty()) return fail(Errc::missing_api_key, "Send the server's key as X-API-Key.");
            auto id = keys.find(*offered);
            if (!id) return wrong_key();
            caller.api_key_id = *std::move(id);
            return {};
          },
          .schemes = {{std::move(documented.name), scheme(documented.description)}},
          .errors = {Errc::missing_api_key, Errc::invalid_api_key}};
}

http::AccessRule recognise_registrar(ApiKeys keys) {
  return {.check = [keys = std::move(keys)](const http::Request& request, http::Caller& caller) -> Result<void> {
            const auto offered = request.header("X-API-Key");
            if (!offered) return {};
            auto id = keys.find(*offered);
            if (!id) return wrong_key();
            caller.api_key_id = *std::move(id);
            caller.trusted_registrar = true;
            return {};
          },
          .schemes = {{"registration_api_key",
                       scheme("REGISTRATION_API_KEYS: for servers that have proven the number themselves.")}},
          .optional = true,
          .errors = {Errc::invalid_api_key}};
}

http::AccessRule api_key_or(http::AccessRule key, http::AccessRule otherwise) {
  http::AccessRule either;
  either.schemes = key.schemes;
  either.schemes.insert(either.schemes.end(), otherwise.schemes.begin(), otherwise.schemes.end());
  either.errors = key.errors;
  either.errors.insert(either.errors.end(), otherwise.errors.begin(), otherwise.errors.end());
  either.check = [by_key = std::move(key.check), by_other = std::move(otherwise.check)](const http::Request& request,
                                                                                        http::Caller& caller) {
    if (request.header("X-API-Key")) return by_key(request, caller);
    auto admitted = by_other(request, caller);
    if (!admitted && admitted.error().code == Errc::missing_token) {
      admitted.error().detail = "Send Authorization: Bearer <token>, or X-API-Key.";
    }
    return admitted;
  };
  if (otherwise.confirm) {
    either.confirm = [confirm = std::move(otherwise.confirm)](http::Caller& caller) -> Task<Result<void>> {
      if (caller.api_key_id.empty()) return confirm(caller);
      return nothing_to_confirm();
    };
  }
  return either;
}

}  // namespace kriya::access
