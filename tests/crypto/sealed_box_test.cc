#include "crypto/sealed_box.h"

#include <stdexcept>

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <rapidcheck/gtest.h>

#include "base/encoding.h"
#include "rfc_vectors.h"

namespace kriya::crypto {
namespace {

const SealedBox kBox(Secret(std::string(32, 'k')));

TEST(SealedBox, OpensABoxMadeByAnotherProgram) {
  // Node: createCipheriv('aes-256-gcm', 'k' x 32, 'n' x 12).setAAD('users/phone'), text "+14155550123".
  const std::string box =
      vectors::from_hex("016e6e6e6e6e6e6e6e6e6e6e6eb30ad3812481b0ec7c1539777cc5415751eca46f0fc5c776e065c70e");
  const auto plain = kBox.open(base64url_encode(box), "users/phone");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->reveal(), "+14155550123");
}

TEST(SealedBox, NeverSealsTheSameTextTwiceAlike) {
  EXPECT_NE(kBox.seal("+14155550123", "users/phone"), kBox.seal("+14155550123", "users/phone"));
}

TEST(SealedBox, DoesNotOpenUnderAnotherKeyOrContext) {
  const std::string sealed = kBox.seal("+14155550123", "users/phone");
  EXPECT_FALSE(SealedBox(Secret(std::string(32, 'K'))).open(sealed, "users/phone"));
  EXPECT_FALSE(kBox.open(sealed, "users/email"));
  EXPECT_FALSE(kBox.open(sealed, ""));
}

TEST(SealedBox, DoesNotOpenACutBox) {
  const std::string sealed = kBox.seal("+14155550123", "users/phone");
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    const auto opened = kBox.open(sealed.substr(0, size), "users/phone");
    ASSERT_FALSE(opened) << size;
    EXPECT_EQ(opened.error().code, Errc::internal);
  }
}

TEST(SealedBox, DoesNotOpenAnotherVersion) {
  std::string box = base64url_decode(kBox.seal("text", "context")).value();
  for (const char version : {0, 2, 127}) {
    box.front() = version;
    EXPECT_FALSE(kBox.open(base64url_encode(box), "context"));
  }
}

TEST(SealedBox, TellsNothingOfWhatItHoldsWhenItDoesNotOpen) {
  const auto opened = kBox.open(kBox.seal("+14155550123", "here"), "there");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().detail.find("4155"), std::string::npos);
}

TEST(SealedBox, LeavesNoErrorForTheNextTlsCallOfTheThread) {
  ERR_clear_error();
  EXPECT_FALSE(kBox.open(kBox.seal("text", "here"), "there"));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(SealedBox, WantsA32ByteKey) {
  EXPECT_THROW(SealedBox(Secret("")), std::invalid_argument);
  EXPECT_THROW(SealedBox(Secret(std::string(31, 'k'))), std::invalid_argument);
  EXPECT_THROW(SealedBox(Secret(std::string(33, 'k'))), std::invalid_argument);
}

RC_GTEST_PROP(SealedBox, OpensWhatItSealed, (const std::string& plain, const std::string& context)) {
  const auto opened = kBox.open(kBox.seal(plain, context), context);
  RC_ASSERT(opened.has_value());
  RC_ASSERT(opened->reveal() == plain);
}

RC_GTEST_PROP(SealedBox, DoesNotOpenWithAnyBitFlipped, (const std::string& plain, const std::string& context)) {
  std::string box = base64url_decode(kBox.seal(plain, context)).value();
  const auto bit = *rc::gen::inRange<std::size_t>(0, box.size() * 8);
  box[bit / 8] = static_cast<char>(box[bit / 8] ^ (1 << bit % 8));
  RC_ASSERT(!kBox.open(base64url_encode(box), context));
}

}  // namespace
}  // namespace kriya::crypto
