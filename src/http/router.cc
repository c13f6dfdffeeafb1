#include "http/router.h"

#include <optional>
#include <stdexcept>

#include "base/encoding.h"

namespace kriya::http {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

bool is_place(std::string_view part) { return part.size() > 2 && part.front() == '{' && part.back() == '}'; }

/// RFC 3986 escapes alone: in a path '+' is itself.
std::optional<std::string> decoded(std::string_view part) {
  std::string kept;
  for (const char c : part) kept += c == '+' ? std::string("%2B") : std::string(1, c);
  return percent_decode(kept);
}

/// What stands in the places; nullopt when the path is another one.
std::optional<std::vector<std::pair<std::string_view, std::string>>> places(
    const std::vector<std::string>& wanted, const std::vector<std::string_view>& given) {
  if (wanted.size() != given.size()) return std::nullopt;
  std::vector<std::pair<std::string_view, std::string>> found;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!is_place(wanted[i])) {
      if (wanted[i] != given[i]) return std::nullopt;
      continue;
    }
    auto text = decoded(given[i]);
    if (!text || text->empty()) return std::nullopt;
    found.emplace_back(std::string_view(wanted[i]).substr(1, wanted[i].size() - 2), *std::move(text));
  }
  return found;
}

}  // namespace

void Router::add(Route route) {
  const auto [entry, is_new] = paths_.try_emplace(route.path);
  Path& path = entry->second;  // stays where it is: the map's nodes never move
  if (is_new && route.path.find('{') != std::string::npos) {
    const auto parts = split(route.path);
    templates_.push_back({{parts.begin(), parts.end()}, &path});
  }
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

Router::Match Router::match(const Path& path, Method method) {
  const Method wanted = method == Method::head ? Method::get : method;
  for (const Route* route : path.routes) {
    if (route->method == wanted) return {route, {}};
  }
  return {nullptr, path.allow};
}

Router::Match Router::find(Method method, std::string_view path) const {
  if (const auto found = paths_.find(path); found != paths_.end() && path.find('{') == std::string_view::npos) {
    return match(found->second, method);
  }
  const auto parts = split(path);
  for (const Template& one : templates_) {
    if (auto found = places(one.parts, parts)) {
      Match matched = match(*one.path, method);
      matched.parameters = *std::move(found);
      return matched;
    }
  }
  return {};
}

}  // namespace kriya::http
