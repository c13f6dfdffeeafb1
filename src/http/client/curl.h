// The client over libcurl (docs/adr/0015): one thread of its own drives all calls.
#pragma once

#include <cstddef>
#include <memory>

#include "http/client/stream.h"

namespace kriya::http::client {

class Loop;

/// HTTP/1.1, and HTTP/2 where a TLS server offers it. Certificates are always checked, TLS is 1.2 or newer. No cookies,
/// no decompression; a proxy only by the usual environment variables (`https_proxy`, `no_proxy`, ...).
class Curl final : public Client, public StreamingClient {
 public:
  struct Options {
    std::string user_agent;
    std::string ca_file = {};                         // PEM; empty: the authorities that the system trusts
    std::chrono::milliseconds connect_within{3'000};  // address, connection and TLS together
    std::size_t most_answer_bytes = 1'048'576;        // of a body, else it is a Failure; a stream has no limit
    std::size_t most_calls = 1'000;                   // at once; a further one fails, unsent
  };

  explicit Curl(Options options);

  /// What is under way fails, with an honest `sent`. To be destroyed before the IoThreads from which it was called.
  ~Curl() override;

  Task<Answer> send(Request request, Deadline deadline) override;
  Task<Opened> open(Request request, Deadline deadline) override;

 private:
  std::shared_ptr<Loop> loop_;
};

}  // namespace kriya::http::client
