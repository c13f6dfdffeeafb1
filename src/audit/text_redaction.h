// Finds secrets, codes and phone numbers in text that people and programs wrote.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kriya::audit {

constexpr std::string_view kRedacted = "[redacted]";

/// Takes out of `text`, in linear time: JWTs, Bearer and Basic credentials, client secrets and random tokens of ours,
/// keys of other services by their shape (`sk-...`, `ghp_...`), private keys, passwords in URLs, what stands after a
/// secret's name and ':' or '=', codes in the query of an address whatever they look like, and codes near a word for
/// one or in the last line of an SMS (`@host #123456`). Digits of every script are digits. With `mask_phones`, numbers
/// in E.164, and others that some country's plan knows, keep country code and last four digits. Counts the places in
/// `redactions`. What begins behind the first `keep` bytes is looked at, so that nothing is missed at their end, and
/// left out.
std::string redact_text(std::string_view text, bool mask_phones, std::int64_t& redactions,
                        std::size_t keep = std::string_view::npos);

}  // namespace kriya::audit
