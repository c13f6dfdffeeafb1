// What is known about whoever makes a request, once the access rules have run.
#pragma once

#include <string>

#include "runtime/deadline.h"

namespace kriya::http {

struct Caller {
  std::string address;     // the client's, after trusted proxies
  std::string user_agent;  // printable, cut to 256 bytes; empty when absent
  std::string request_id;
  Deadline deadline;      // of the whole request: hand it to every outward call
  bool loopback = false;  // a direct peer on this machine, with no proxy in between
  bool trusted_registrar = false;
  std::string bearer;  // a token as sent, not yet checked
};

}  // namespace kriya::http
