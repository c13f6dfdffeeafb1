#include "identity/refresh_rules.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kriya::identity {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const Timestamp kStart = *parse_rfc3339("2026-11-21T09:30:00Z");

Session session() {
  return {.id = "s",
          .user_id = {},
          .token_version = 3,
          .started_at = kStart,
          .proven_at = kStart,
          .last_seen_at = kStart,
          .expires_at = kStart + hours(24),
          .ended_at = {},
          .client_address = {},
          .user_agent = {}};
}

RefreshToken token(std::optional<Timestamp> used_at = {}) {
  return {.hash = "h", .session_id = "s", .issued_at = kStart, .expires_at = kStart + hours(2), .used_at = used_at};
}

TEST(RefreshRules, AnUnusedTokenRotatesUntilItExpires) {
  EXPECT_EQ(judge_refresh(token(), {}, session(), 3, kStart), RefreshVerdict::rotate);
  EXPECT_EQ(judge_refresh(token(), {}, session(), 3, kStart + hours(2)), RefreshVerdict::refuse);
}

TEST(RefreshRules, NothingIsDoneForASessionThatIsOver) {
  Session ended = session();
  ended.ended_at = kStart;
  EXPECT_EQ(judge_refresh(token(), {}, ended, 3, kStart), RefreshVerdict::refuse);
  EXPECT_EQ(judge_refresh(token(kStart), {}, ended, 3, kStart + hours(1)), RefreshVerdict::refuse);
  EXPECT_EQ(judge_refresh(token(), {}, session(), 4, kStart), RefreshVerdict::refuse);
  EXPECT_EQ(judge_refresh(token(), {}, session(), 3, kStart + hours(24)), RefreshVerdict::refuse);
}

TEST(RefreshRules, ARepeatWithinTheGraceGetsTheUnusedSuccessor) {
  EXPECT_EQ(judge_refresh(token(kStart), token(), session(), 3, kStart), RefreshVerdict::repeat);
  EXPECT_EQ(judge_refresh(token(kStart), token(), session(), 3, kStart + seconds(9)), RefreshVerdict::repeat);
  EXPECT_EQ(judge_refresh(token(kStart), token(), session(), 3, kStart + kRefreshGrace), RefreshVerdict::reuse);
}

TEST(RefreshRules, ASpentTokenIsReusedOnceItsSuccessorWasUsed) {
  EXPECT_EQ(judge_refresh(token(kStart), token(kStart), session(), 3, kStart + seconds(1)), RefreshVerdict::reuse);
  EXPECT_EQ(judge_refresh(token(kStart), {}, session(), 3, kStart + seconds(1)), RefreshVerdict::reuse);
}

TEST(RefreshRules, ASpentTokenIsReusedAlsoAfterItWouldHaveExpired) {
  EXPECT_EQ(judge_refresh(token(kStart), token(kStart), session(), 3, kStart + hours(3)), RefreshVerdict::reuse);
}

/// A family in memory, by the rules of the store: spending is one step that only the first can take.
struct Family {
  Session the_session = session();
  std::map<std::string, RefreshToken> rows{{"t", token()}};

  static std::string child_of(const std::string& parent) { return parent + "'"; }
  std::optional<RefreshToken> child(const std::string& parent) const {
    const auto found = rows.find(child_of(parent));
    return found == rows.end() ? std::nullopt : std::optional(found->second);
  }
  void apply(RefreshVerdict verdict, const std::string& presented, Timestamp now) {
    RefreshToken& row = rows.at(presented);
    if (verdict == RefreshVerdict::reuse) the_session.ended_at = now;
    if (verdict != RefreshVerdict::rotate || row.used_at) return;
    row.used_at = now;
    rows.emplace(child_of(presented), token());
  }
  int live_leaves() const {
    int unused = 0;
    for (const auto& [text, row] : rows) unused += row.used_at || the_session.ended_at ? 0 : 1;
    return unused;
  }
};

RC_GTEST_PROP(RefreshRules, HoweverRefreshesInterleaveThereIsAtMostOneLiveToken, ()) {
  struct Pending {
    std::string presented;
    RefreshVerdict verdict;
  };
  Family family;
  std::vector<Pending> pending;  // judged, not yet applied: requests of several devices and instances
  Timestamp now = kStart;
  for (int step = *rc::gen::inRange(1, 40); step > 0; --step) {
    now = now + seconds(*rc::gen::element(0, 0, 1, 11));
    if (pending.empty() || *rc::gen::arbitrary<bool>()) {
      const auto which = *rc::gen::inRange<std::size_t>(0, family.rows.size());
      const auto& [text, row] = *std::next(family.rows.begin(), static_cast<std::ptrdiff_t>(which));
      pending.push_back({text, judge_refresh(row, family.child(text), family.the_session, 3, now)});
    } else {
      const auto which = static_cast<std::ptrdiff_t>(*rc::gen::inRange<std::size_t>(0, pending.size()));
      family.apply(pending[which].verdict, pending[which].presented, now);
      pending.erase(pending.begin() + which);
    }
    RC_ASSERT(family.live_leaves() <= 1);
  }
}

}  // namespace
}  // namespace kriya::identity
