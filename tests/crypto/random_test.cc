#include "crypto/random.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace kriya::crypto {
namespace {

const Timestamp kNow = Timestamp::from_seconds(1'732'200'000);

TEST(RandomBytes, GivesAsManyAsAsked) {
  EXPECT_EQ(random_bytes(0), "");
  EXPECT_EQ(random_bytes(1).size(), 1U);
  EXPECT_EQ(random_bytes(1000).size(), 1000U);
}

TEST(RandomBytes, TakesEveryByteValue) {
  const std::string bytes = random_bytes(100'000);  // a value is missing once in 10^167 runs
  EXPECT_EQ(std::set<char>(bytes.begin(), bytes.end()).size(), 256U);
}

TEST(RandomToken, Is256BitsOfBase64url) {
  const std::string token = random_token();
  EXPECT_EQ(token.size(), 43U);
  ASSERT_TRUE(base64url_decode(token).has_value());
  EXPECT_EQ(base64url_decode(token)->size(), 32U);
  EXPECT_NE(token, random_token());
}

TEST(NewUuid, IsVersion7OfTheGivenTime) {
  const std::string id = new_uuid(kNow).str();
  EXPECT_EQ(id.substr(0, 13), "01934f2a-6a00");  // 1732200000000 ms
  EXPECT_EQ(id[14], '7');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
}

TEST(NewUuid, NeverRepeatsAcrossThreadsAndRefills) {
  constexpr int kPerThread = 5000;  // some 80 refills of each thread's buffer
  std::mutex mutex;
  std::set<Uuid> all;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      std::vector<Uuid> mine;
      for (int n = 0; n < kPerThread; ++n) mine.push_back(new_uuid(kNow));
      const std::lock_guard lock(mutex);
      all.insert(mine.begin(), mine.end());
    });
  }
  threads.clear();
  EXPECT_EQ(all.size(), 4U * kPerThread);
}

}  // namespace
}  // namespace kriya::crypto
