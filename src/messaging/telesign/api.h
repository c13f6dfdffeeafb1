// Calls to Telesign: addresses, authentication, and how many in a second. What is asked and what answers mean is with
// those who call.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "http/client/client.h"
#include "messaging/telesign/answer.h"
#include "messaging/telesign/form.h"
#include "messaging/telesign/signing.h"
#include "messaging/telesign/token_bucket.h"

namespace kriya::messaging::telesign {

/// What Telesign counts together.
enum class Product { sms, sms_verify, voice, messaging, phone_id, intelligence };
constexpr std::size_t kProducts = 6;

/// How requests are authenticated. `automatic`: as Telesign's own clients do, Basic at the Intelligence host and digest
/// everywhere else.
enum class Auth { automatic, digest, basic };

struct Options {
  Credentials credentials;
  Credentials detect = {};  // of the Intelligence host where it has others; empty: the same
  std::string base_url = "https://rest-api.telesign.com";  // no trailing slash
  std::string detect_url = "https://detect.telesign.com";
  Auth auth = Auth::automatic;
  unsigned messages_per_second = 0;  // of each product that sends; 0: what such an account may by default
};

/// Safe to use from any thread.
class TelesignApi {
 public:
  /// Throws std::runtime_error when a key is no base64.
  TelesignApi(http::client::Client& client, const Clock& clock, Options options);

  /// Signed with a fresh nonce and date. Waits for its turn, but for at most half of the time that is left; what would
  /// wait longer is not sent (NoAnswer::held_back). `query`: already encoded, without '?'.
  Task<Reply> get(Product product, std::string path, std::string query, Deadline deadline);
  Task<Reply> post(Product product, std::string path, Form form, Deadline deadline);
  Task<Reply> post(Product product, std::string path, json::object body, Deadline deadline);
  Task<Reply> put(Product product, std::string path, Deadline deadline);

 private:
  struct Call {
    Product product;
    std::string method;
    std::string path;
    std::string query;
    std::string content_type;
    std::string body;
  };
  Task<Reply> call(Call call, Deadline deadline);
  http::client::Request request_of(const Call& call) const;

  http::client::Client& client_;
  const Clock& clock_;
  Options options_;
  TelesignSigner signer_;
  TelesignSigner detect_signer_;
  std::array<TokenBucket, kProducts> buckets_;
};

}  // namespace kriya::messaging::telesign
