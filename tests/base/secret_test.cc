#include "base/secret.h"

#include <ostream>
#include <type_traits>

#include <gtest/gtest.h>

namespace kriya {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(Printable<std::string>);
static_assert(!Printable<Secret>, "a secret must not reach a stream");
static_assert(!std::is_convertible_v<Secret, std::string> && !std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>, "making a secret is said in so many words");

TEST(Secret, ShowsItsTextOnlyWhenAsked) { EXPECT_EQ(Secret("s3cret").reveal(), "s3cret"); }

TEST(Secret, LeavesNothingBehindWhenItIsMoved) {
  Secret from("a secret that is too long for the small string buffer");
  const Secret to(std::move(from));
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): what is left is the point
  EXPECT_EQ(to.size(), 53U);
}

TEST(Secret, CopiesAndAssigns) {
  const Secret one("one");
  Secret other("other");
  other = one;
  EXPECT_EQ(other.reveal(), "one");
  EXPECT_EQ(one.reveal(), "one");
}

}  // namespace
}  // namespace kriya
