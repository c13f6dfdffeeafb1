#include "operations/docs_endpoints.h"

#include "base/encoding.h"
#include "crypto/digest.h"
#include "operations/assets.h"

namespace kriya::operations {
namespace {

using http::Caller;
using http::Method;
using http::Request;
using http::Response;

// Swagger UI sets styles on its elements; everything it loads comes from here.
constexpr std::string_view kDocsPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view content_type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  return "text/javascript; charset=utf-8";
}

bool accepts_gzip(const Request& request) {
  const std::string accepted = request.joined_header("Accept-Encoding");
  const std::size_t found = accepted.find("gzip");
  return found != std::string::npos && accepted.compare(found, 9, "gzip;q=0,") != 0 &&
         accepted.substr(found) != "gzip;q=0";
}

http::Route asset_route(const Asset& asset, std::string path) {
  const std::string tag = "\"" + hex_encode(crypto::sha256(asset.plain)).substr(0, 32) + "\"";
  const auto run = [asset, tag](const Request& request, const Caller&) -> Task<Response> {
    Response response{.content_type = content_type_of(asset.name), .content_security_policy = kDocsPolicy};
    response.add_header("ETag", tag);
    response.add_header("Cache-Control", "no-cache");
    response.add_header("Vary", "Accept-Encoding");
    if (request.header("If-None-Match") == tag) {
      response.status = 304;
    } else if (accepts_gzip(request)) {
      response.add_header("Content-Encoding", "gzip");
      response.body = asset.gzip;
    } else {
      response.body = asset.plain;
    }
    return http::answer_with(std::move(response));
  };
  return {.method = Method::get, .path = std::move(path), .access = {}, .run = run, .describe = {}};
}

}  // namespace

void add_docs_endpoints(http::Router& router, const http::ApiInfo& info) {
  for (const Asset& asset : embedded_assets()) {
    if (asset.name == "index.html") {
      for (const char* path : {"/docs", "/docs/"}) router.add(asset_route(asset, path));
    } else {
      router.add(asset_route(asset, "/docs/" + std::string(asset.name)));
    }
  }
  const std::string document = write_json(http::make_openapi(info, router));
  router.add({.method = Method::get,
              .path = "/openapi.json",
              .access = {},
              .run = [document](const Request&, const Caller&) { return http::answer_with({.body = document}); },
              .describe = {}});
}

}  // namespace kriya::operations
