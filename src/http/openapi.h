// The OpenAPI 3.1 document of a router, from the declarations that route and check the requests.
#pragma once

#include <string>

#include "base/json.h"
#include "http/router.h"

namespace kriya::http {

struct ApiInfo {
  std::string title;
  std::string version;
  std::string description;
  std::string server_url;
};

json::object make_openapi(const ApiInfo& info, const Router& router);

}  // namespace kriya::http
