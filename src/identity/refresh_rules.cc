#include "identity/refresh_rules.h"

namespace kriya::identity {

RefreshVerdict judge_refresh(const RefreshToken& presented, const std::optional<RefreshToken>& child,
                             const Session& session, std::int64_t token_version, Timestamp now) {
  if (!lives(session, token_version, now)) return RefreshVerdict::refuse;
  if (presented.used_at) {
    const bool lost_answer = child && !child->used_at && now < *presented.used_at + kRefreshGrace;
    return lost_answer ? RefreshVerdict::repeat : RefreshVerdict::reuse;
  }
  return presented.expires_at > now ? RefreshVerdict::rotate : RefreshVerdict::refuse;
}

}  // namespace kriya::identity
