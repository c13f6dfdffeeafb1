// Small things that the fixture's tools, resources and prompts give.
#pragma once

#include <string_view>

#include "base/json.h"

namespace kriya::tests {

// One red pixel, and no sound at all.
constexpr std::string_view kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
constexpr std::string_view kWav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

inline json::object text_block(std::string_view text) { return {{"type", "text"}, {"text", text}}; }
inline json::object png_block() { return {{"type", "image"}, {"data", kPng}, {"mimeType", "image/png"}}; }
inline json::object resource_block(std::string_view uri, std::string_view type, std::string_view text) {
  return {{"type", "resource"}, {"resource", {{"uri", uri}, {"mimeType", type}, {"text", text}}}};
}

inline json::object constant(std::string_view text) { return parse_json(text).value().as_object(); }

}  // namespace kriya::tests
