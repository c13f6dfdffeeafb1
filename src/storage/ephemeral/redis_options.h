// Where Redis is and how long to wait for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/secret.h"

namespace kriya::storage::ephemeral {

struct RedisOptions {
  std::string host;  // a name or an address, IPv6 without brackets
  std::uint16_t port = 6379;
  bool tls = false;               // certificate and host name are verified
  std::filesystem::path ca_file;  // empty: the system's certificates (or SSL_CERT_FILE's, as OpenSSL reads them)
  std::string user;               // empty: Redis's default user
  Secret password;                // empty: no AUTH
  unsigned database = 0;

  std::chrono::milliseconds connect_limit{2000};  // name look-up, TCP, TLS and log-in together
  std::chrono::milliseconds answer_limit{1000};   // a call takes at most this, however late its deadline
  std::chrono::milliseconds heartbeat{5000};      // an idle subscription that misses one is opened anew
  std::size_t max_waiting = 1024;                 // calls without an answer on one connection; more are refused
};

}  // namespace kriya::storage::ephemeral
