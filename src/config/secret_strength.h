// Whether somebody could guess a secret that is long enough.
#pragma once

#include <optional>
#include <string>

#include "base/secret.h"

namespace kriya::config {

constexpr std::size_t kLeastKeyCharacters = 16;  // API keys in production

/// Why a secret is weak ("looks like a placeholder"), or nullopt. Knows the texts that documents and templates print in
/// place of a secret, and those with fewer than 8 different bytes. Says nothing about length.
std::optional<std::string> weakness_of(const Secret& secret);

}  // namespace kriya::config
