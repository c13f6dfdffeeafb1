// What becomes of a refresh token that somebody presents: the rule alone, without store and clock.
#pragma once

#include <chrono>
#include <optional>

#include "identity/session.h"

namespace kriya::identity {

enum class RefreshVerdict {
  rotate,  // spend it and give its successor
  repeat,  // give the successor again: the answer to its first use may have been lost
  reuse,   // two parties hold it, and nobody can say which is the thief: end the session
  refuse,  // its session is over, or it has expired
};

/// How long a spent token still gives its successor.
constexpr std::chrono::seconds kRefreshGrace{10};

/// `child`: the successor of `presented`, if there is one already. `token_version`: that of the session's user.
RefreshVerdict judge_refresh(const RefreshToken& presented, const std::optional<RefreshToken>& child,
                             const Session& session, std::int64_t token_version, Timestamp now);

}  // namespace kriya::identity
