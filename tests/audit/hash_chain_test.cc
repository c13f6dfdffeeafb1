#include "audit/hash_chain.h"

#include <gtest/gtest.h>

#include "audit/chain_check.h"
#include "base/encoding.h"
#include "crypto/digest.h"

namespace kriya::audit {
namespace {

class HashChainTest : public ::testing::TestWithParam<Framing> {
 protected:
  HashChainTest() { keys_.emplace_back(Secret("a master key of more than enough bytes")); }

  std::vector<std::string> lines(int count) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i) {
      std::string body = GetParam() == Framing::json ? R"({"n":)" + std::to_string(i) : "line " + std::to_string(i);
      keys_[0].seal(GetParam(), body, last_);
      all.push_back(body);
    }
    return all;
  }

  std::vector<std::string> breaks(const std::vector<std::string>& lines, bool starts_anywhere = false) {
    ChainCheck check(GetParam(), keys_, last_, starts_anywhere ? std::nullopt : std::optional(Link()));
    std::uint64_t number = 0;
    for (const std::string& line : lines) check.add("file", ++number, line);
    std::vector<std::string> found;
    for (const Break& one : check.finish()) found.push_back(one.what + " " + std::to_string(one.line));
    return found;
  }

  using Found = std::vector<std::string>;
  std::vector<ChainKey> keys_;
  Link last_;
};

INSTANTIATE_TEST_SUITE_P(Framings, HashChainTest, ::testing::Values(Framing::json, Framing::text),
                         [](const auto& info) { return info.param == Framing::json ? "json" : "text"; });

TEST_P(HashChainTest, FindsNothingWhereNothingWasDone) { EXPECT_EQ(breaks(lines(5)), Found{}); }

TEST_P(HashChainTest, FindsARemovedLine) {
  auto all = lines(5);
  all.erase(all.begin() + 2);
  EXPECT_EQ(breaks(all), Found{"removed 3"});
}

TEST_P(HashChainTest, FindsTheFirstLineRemoved) {
  auto all = lines(5);
  all.erase(all.begin());
  EXPECT_EQ(breaks(all), Found{"removed 1"});
  EXPECT_EQ(breaks(all, true), Found{}) << "unless old files are removed by setting";
}

TEST_P(HashChainTest, FindsTheLastLinesRemoved) {
  auto all = lines(5);
  all.resize(3);
  EXPECT_EQ(breaks(all), Found{"truncated 3"});
  EXPECT_EQ(breaks({}), Found{"truncated 0"});
}

TEST_P(HashChainTest, FindsAnAlteredLine) {
  for (std::size_t altered = 0; altered < 5; ++altered) {
    last_ = {};
    auto all = lines(5);
    all[altered].replace(all[altered].find(std::to_string(altered)), 1, "7");
    EXPECT_EQ(breaks(all), Found{"altered " + std::to_string(altered + 1)});
  }
}

TEST_P(HashChainTest, FindsALineThatIsNoneAnyMore) {
  auto all = lines(5);
  all[2] = "nothing happened";
  EXPECT_EQ(breaks(all), (Found{"altered 3", "removed 4"}));
}

TEST_P(HashChainTest, FindsATornLine) {
  auto all = lines(5);
  all.insert(all.begin() + 2, all[3].substr(0, all[3].size() / 2));
  EXPECT_EQ(breaks(all), Found{"torn 3"});
}

TEST_P(HashChainTest, FindsLinesThatChangedPlaces) {
  auto all = lines(5);
  std::swap(all[1], all[2]);
  EXPECT_EQ(breaks(all), Found{"reordered 3"});
}

TEST_P(HashChainTest, FindsALineThatIsThereTwice) {
  auto all = lines(5);
  all.insert(all.begin() + 3, all[1]);
  EXPECT_EQ(breaks(all), Found{"reordered 4"});
}

TEST_P(HashChainTest, FindsAChainMadeAnewWithoutTheKey) {
  auto all = lines(2);
  const Link end = last_;
  std::vector<ChainKey> right;
  right.emplace_back(Secret("a master key of more than enough bytes"));
  keys_.clear();
  keys_.emplace_back(Secret("another key, which an intruder has made up"));
  last_ = {};
  auto forged = lines(2);
  keys_ = std::move(right);
  last_ = end;
  const Found found = breaks(forged);
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front(), "altered 1");
}

TEST_P(HashChainTest, AcceptsLinesOfAnOlderKey) {
  auto all = lines(2);
  keys_.emplace(keys_.begin(), Secret("the key that came after the one above"));
  for (const std::string& line : lines(2)) all.push_back(line);
  EXPECT_EQ(breaks(all), Found{});
}

TEST(HashChain, IsAsItsHeaderSaysSoThatAnyScriptCanCheckIt) {
  const Secret master("a master key of more than enough bytes");
  const std::string key(crypto::derive_key(master, "tool-log").reveal());
  Link last;
  std::string line = R"({"a":1)";
  ChainKey(master).seal(Framing::json, line, last);
  const std::string covered = R"({"a":1,"sequence":1,"previous":")" + std::string(64, '0') + "\"";
  EXPECT_EQ(line, covered + R"(,"hash":")" + hex_encode(crypto::hmac_sha256(key, covered)) + "\"}");
  Link text_last;
  std::string text = "a";
  ChainKey(master).seal(Framing::text, text, text_last);
  EXPECT_EQ(text, "a #1:" + hex_encode(crypto::hmac_sha256(key, std::string(64, '0') + " a #1")));
}

}  // namespace
}  // namespace kriya::audit
