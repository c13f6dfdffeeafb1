// Ids of legacy sessions, which say by themselves what another instance must know to go on with one.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/time.h"
#include "mcp/json_rpc.h"

namespace kriya::mcp {

/// What a session began with, as far as its id carries it.
struct SessionTerms {
  std::string_view version;  // static storage
  json::object capabilities = {};
};

/// Of what a client declared, what matters here: what it can be asked, without the details.
json::object known_capabilities(const json::object* declared);

/// An id holds who made it, when, the version, what the client can be asked, and 128 random bits, all under an HMAC
/// that covers the principal, too: another principal's is as unknown as an invented one. Safe to use from every I/O
/// thread.
class SessionIds {
 public:
  /// `clock` must outlive it. An id is good for `life`, wherever it was made.
  SessionIds(const Secret& master_key, const Clock& clock, std::chrono::seconds life = std::chrono::hours(24));

  std::string make(const SessionTerms& terms, std::string_view subject) const;

  struct Read {
    SessionTerms terms;
    bool ours = false;  // made by this process
  };
  /// Nullopt: no id of this principal, or too old.
  std::optional<Read> read(std::string_view id, std::string_view subject) const;

 private:
  std::string mac(std::string_view payload, std::string_view subject) const;

  Secret key_;
  const Clock& clock_;
  std::chrono::seconds life_;
  std::string process_;  // random
};

}  // namespace kriya::mcp
