// The one table of routes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/endpoint.h"

namespace kriya::http {

/// Filled once at start-up, then read by every thread. Paths match exactly, but for places in braces:
/// `/api/messages/{id}` takes any text without a slash there, percent-decoded. A path without places goes first.
class Router {
 public:
  template <class In, class Out>
  void add(Method method, std::string path, Endpoint<In, Out> endpoint) {
    add(make_route(method, std::move(path), std::move(endpoint)));
  }

  /// Throws std::logic_error when the method and path are taken, or when another limit has the name of one of its own.
  void add(Route route);

  struct Match {
    const Route* route = nullptr;  // null: no such path, or not with this method
    std::string allow;             // "GET, HEAD, OPTIONS": what the path takes; empty when there is no such path
    std::vector<std::pair<std::string_view, std::string>> parameters = {};  // what stood in the places, by name
  };

  /// HEAD finds the GET route.
  Match find(Method method, std::string_view path) const;

  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }
  const std::map<std::string, RateLimit>& limits() const { return limits_; }  // of all routes, by name

 private:
  struct Path {
    std::vector<const Route*> routes;
    std::string allow;
  };
  /// A path with places, cut at its slashes.
  struct Template {
    std::vector<std::string> parts;
    const Path* path;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  std::vector<std::unique_ptr<Route>> routes_;
  std::map<std::string, RateLimit> limits_;
  std::unordered_map<std::string, Path, Hash, std::equal_to<>> paths_;
  std::vector<Template> templates_;

  static Match match(const Path& path, Method method);
};

}  // namespace kriya::http
