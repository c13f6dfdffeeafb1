#include "verification/send_store.h"

#include <array>
#include <atomic>
#include <random>

#include <gtest/gtest.h>

#include "crypto/random.h"
#include "tests/support/in_parallel.h"
#include "tests/support/test_database.h"

namespace kriya::verification {
namespace {

using tests::soon;

class SendStoreTest : public ::testing::TestWithParam<tests::Engine> {
 protected:
  tests::TestDatabase database_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Engines, SendStoreTest, tests::every_engine(), tests::engine_name);

struct Sent {
  Reservation reservation;
  bool returned = false;
};

SeenSends seen_by(const Reservation& wanted, const std::vector<Sent>& sends) {
  SeenSends seen;
  for (auto sent = sends.rbegin(); sent != sends.rend(); ++sent) {
    const Reservation& past = sent->reservation;
    if (sent->returned || past.at <= wanted.at - std::chrono::hours(24)) continue;
    ++seen.today;
    if (past.phone_hash == wanted.phone_hash) seen.to_phone.push_back(past.at);
    if (past.address == wanted.address && past.at > wanted.at - std::chrono::hours(1)) {
      seen.from_address.push_back(past.at);
    }
  }
  return seen;
}

// The SQL and the arithmetic of send_limits.h are the same rules: a random walk of a few numbers and addresses over
// days.
TEST_P(SendStoreTest, LetsThroughExactlyWhatTheRulesLetThrough) {
  const SendLimits limits{.per_phone_hour = 5, .per_phone_day = 8, .per_address_hour = 7, .codes_per_day = 30};
  SendStore store(*database_, limits);
  std::mt19937 random(20261121);
  const auto below = [&](unsigned end) { return random() % end; };
  std::vector<Sent> sends;
  Timestamp now = *parse_rfc3339("2026-11-21T09:30:00Z");
  std::array<int, 2> outcomes{};
  std::array<int, 5> refusals{};
  unsigned longest_gap = 0;
  for (int step = 0; step < 900; ++step) {
    if (step % 30 == 0)
      longest_gap = std::array{20'000U, 300'000U, 20'000'000U}[below(3)];  // ms: a rush, a day, a week
    now = now + std::chrono::milliseconds(below(longest_gap));
    const Reservation wanted{.id = crypto::new_uuid(now),
                             .phone_hash = "phone" + std::to_string(below(5)),
                             .address = "address" + std::to_string(below(3)),
                             .country = "US",
                             .challenge = "challenge",
                             .at = now};
    const auto expected = refusal(limits, seen_by(wanted, sends), now);
    const auto outcome = run_to_completion(store.reserve(wanted, soon())).value();
    const auto* refused = std::get_if<SendRefusal>(&outcome);
    ASSERT_EQ(refused != nullptr, expected.has_value()) << "step " << step;
    ++outcomes[refused != nullptr ? 1 : 0];
    if (refused != nullptr) {
      EXPECT_EQ(refused->limit, expected->limit);
      EXPECT_EQ(refused->again_at, expected->again_at);
      ++refusals[static_cast<std::size_t>(refused->limit)];
      continue;
    }
    sends.push_back({wanted});
    if (below(5) == 0) {
      ASSERT_TRUE(run_to_completion(store.give_back(wanted, now, soon())));
      sends.back().returned = true;
    }
  }
  EXPECT_GT(outcomes[0], 50);
  for (std::size_t i = 0; i < refusals.size(); ++i) EXPECT_GT(refusals[i], 0) << "the walk never met limit " << i;
}

TEST_P(SendStoreTest, OfInstancesThatReserveAtTheSameMomentOneSucceeds) {
  constexpr int kInstances = 4;
  constexpr int kRounds = 25;
  const Timestamp now = *parse_rfc3339("2026-11-21T09:30:00Z");
  std::vector<std::unique_ptr<storage::Database>> databases;
  for (int i = 0; i < kInstances; ++i) databases.push_back(database_.connect());
  std::array<std::atomic<int>, kRounds> reserved{};
  tests::in_step(kInstances, kRounds, [&](int instance, int round) {
    SendStore store(*databases[static_cast<std::size_t>(instance)], {});
    const std::string phone = "phone" + std::to_string(round);
    const std::string address = "address" + std::to_string(round * kInstances + instance);
    const auto outcome =
        run_to_completion(store.reserve({crypto::new_uuid(now), phone, address, "US", "challenge", now}, soon()));
    if (std::holds_alternative<std::vector<Timestamp>>(outcome.value())) ++reserved[static_cast<std::size_t>(round)];
  });
  for (const auto& each : reserved) EXPECT_EQ(each, 1);
}

TEST_P(SendStoreTest, AReservationIsReturnedOnce) {
  SendStore store(*database_, {});
  const Timestamp now = *parse_rfc3339("2026-11-21T09:30:00Z");
  const Reservation kept{crypto::new_uuid(now), "a", "192.0.2.1", "US", "one", now};
  const Reservation returned{crypto::new_uuid(now), "b", "192.0.2.1", "US", "two", now};
  ASSERT_TRUE(run_to_completion(store.reserve(kept, soon())));
  ASSERT_TRUE(run_to_completion(store.reserve(returned, soon())));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(run_to_completion(store.give_back(returned, now + std::chrono::seconds(i), soon())));
  }
  const auto view = run_to_completion(store.pumping_view(kept, soon())).value();
  ASSERT_EQ(view.country.size(), 1U);
  EXPECT_EQ(view.country[0].sent, 1);
  EXPECT_EQ(view.unproven_countries, 1);
}

}  // namespace
}  // namespace kriya::verification
