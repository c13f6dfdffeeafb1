#include "http/router.h"

#include <stdexcept>

namespace kriya::http {

void Router::add(Route route) {
  Path& path = paths_[route.path];
  for (const Route* taken : path.routes) {
    if (taken->method == route.method) throw std::logic_error("two routes for " + route.path);
  }
  for (const RateLimit& limit : route.limits) {
    if (limits_.emplace(limit.name, limit).first->second != limit) throw std::logic_error("two limits " + limit.name);
  }
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  path.routes.push_back(routes_.back().get());
  path.allow.clear();
  for (const Route* one : path.routes) {
    path.allow += std::string(name(one->method)) + ", ";
    if (one->method == Method::get) path.allow += "HEAD, ";
  }
  path.allow += "OPTIONS";
}

Router::Match Router::find(Method method, std::string_view path) const {
  const auto found = paths_.find(path);
  if (found == paths_.end()) return {};
  const Method wanted = method == Method::head ? Method::get : method;
  for (const Route* route : found->second.routes) {
    if (route->method == wanted) return {route, {}};
  }
  return {nullptr, found->second.allow};
}

}  // namespace kriya::http
