#include "access/browser_cookies.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "tests/support/fake_clock.h"

namespace kriya::access {
namespace {

constexpr auto kSid = "q3vXkq2mZ0Jc8o5n1rYt7uLwEaSdFgHjKlPzXcVbNmQ";
const Secret kMaster("a-master-key-of-more-than-32-bytes!!!!");

class BrowserCookiesTest : public ::testing::Test {
 protected:
  http::BrowserSession session(bool person = false) const {
    return {.sid = kSid, .person = person, .expires_at = clock_.now() + std::chrono::hours(1)};
  }
  /// The value of a cookie as it was set.
  static std::string value(const std::string& set_cookie) {
    const std::size_t equals = set_cookie.find('=');
    return set_cookie.substr(equals + 1, set_cookie.find(';') - equals - 1);
  }
  std::optional<http::BrowserSession> read(const std::string& header) const { return read(cookies_, header); }
  std::optional<http::BrowserSession> read(const BrowserCookies& cookies, const std::string& header) const {
    http::Request request;
    request.set_start("GET", "/api/status", 1);
    request.add_header("Cookie", header);
    return cookies.read(request, clock_.now());
  }

  tests::FakeClock clock_;
  BrowserCookies cookies_{kMaster, {}};
  std::string good_ = value(cookies_.set(session()));
};

TEST(SoleCookie, FindsItAmongOthers) {
  EXPECT_EQ(sole_cookie("a=1; auth_token=x.y; b=2", "auth_token"), "x.y");
  EXPECT_EQ(sole_cookie("auth_token=x=y", "auth_token"), "x=y");
  EXPECT_EQ(sole_cookie("  auth_token = x ;", "auth_token"), "x");
  EXPECT_EQ(sole_cookie("auth_token=", "auth_token"), "");
}

TEST(SoleCookie, KnowsTheNameToTheLetter) {
  for (const char* header : {"", ";", "=", "auth_token", "Auth_Token=x", "xauth_token=x", "auth_tokenx=x",
                             "__Host-auth_token=x", "a=auth_token=x", "=auth_token=x"}) {
    EXPECT_EQ(sole_cookie(header, "auth_token"), std::nullopt) << header;
  }
}

TEST(SoleCookie, OneThatIsThereTwiceIsNotThere) {
  EXPECT_EQ(sole_cookie("auth_token=x; auth_token=y", "auth_token"), std::nullopt);
  EXPECT_EQ(sole_cookie("auth_token=x; auth_token=x", "auth_token"), std::nullopt);
  EXPECT_EQ(sole_cookie("auth_token=x;a=b;auth_token =x", "auth_token"), std::nullopt);
}

TEST_F(BrowserCookiesTest, ReadsWhatItSet) {
  const auto visitor = read("auth_token=" + good_);
  ASSERT_TRUE(visitor);
  EXPECT_EQ(visitor->sid, kSid);
  EXPECT_FALSE(visitor->person);
  EXPECT_EQ(visitor->expires_at, clock_.now() + std::chrono::hours(1));
  const auto person = read("auth_token=" + value(cookies_.set(session(true))));
  ASSERT_TRUE(person);
  EXPECT_TRUE(person->person);
}

TEST_F(BrowserCookiesTest, AnotherInstanceReadsItToo) {
  EXPECT_TRUE(read(BrowserCookies(kMaster, {}), "auth_token=" + good_));
  EXPECT_FALSE(read(BrowserCookies(Secret("another-master-key-of-more-than-32-bytes"), {}), "auth_token=" + good_));
}

TEST_F(BrowserCookiesTest, ExpiresToTheSecond) {
  clock_.advance(std::chrono::seconds(3599));
  EXPECT_TRUE(read("auth_token=" + good_));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_FALSE(read("auth_token=" + good_));
}

TEST_F(BrowserCookiesTest, NoByteOfItCanBeChanged) {
  for (std::size_t i = 0; i < good_.size(); ++i) {
    std::string forged = good_;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(read("auth_token=" + forged)) << i;
  }
}

TEST_F(BrowserCookiesTest, AVisitorCannotBecomeAPersonOrStayLonger) {
  const std::string expiry = std::to_string(session().expires_at.seconds());
  const std::string mac = good_.substr(good_.rfind('.'));
  const std::string sid = std::string(".") + kSid + ".";
  ASSERT_EQ(good_, "visitor" + sid + expiry + mac);
  for (const std::string& forged :
       {"person" + sid + expiry + mac, "visitor" + sid + expiry + "0" + mac, "visitor" + sid + mac.substr(1),
        "visitor" + sid + expiry, "visitor" + sid + expiry + ".", sid, std::string(kSid), std::string("."), good_ + "=",
        good_ + ".", "\"" + good_ + "\"", std::string()}) {
    EXPECT_FALSE(read("auth_token=" + forged)) << forged;
  }
}

TEST_F(BrowserCookiesTest, TheCsrfTokenOpensNoSession) {
  const std::string csrf = cookies_.csrf_token(good_.substr(0, good_.rfind('.')));
  EXPECT_FALSE(read("auth_token=" + good_.substr(0, good_.rfind('.') + 1) + csrf));
}

TEST_F(BrowserCookiesTest, TwoOfThemAreNone) {
  EXPECT_FALSE(read("auth_token=" + good_ + "; auth_token=" + good_));
  http::Request request;
  request.set_start("GET", "/", 1);
  request.add_header("Cookie", "auth_token=" + good_);
  request.add_header("Cookie", "a=b");
  EXPECT_FALSE(cookies_.read(request, clock_.now()));
}

TEST_F(BrowserCookiesTest, HasTheAttributesOfItsEnvironment) {
  EXPECT_EQ(cookies_.set(session()), "auth_token=" + good_ + "; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax");
  EXPECT_EQ(cookies_.remove(), "auth_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
  const BrowserCookies secure(kMaster, {.secure = true, .same_site = "None"});
  EXPECT_EQ(secure.set(session()), "auth_token=" + good_ + "; Path=/; Max-Age=3600; HttpOnly; SameSite=None; Secure");
  const BrowserCookies production(kMaster, {.production = true, .same_site = "Strict"});
  EXPECT_EQ(production.set(session()),
            "__Host-auth_token=" + good_ + "; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure");
  EXPECT_EQ(production.remove(), "__Host-auth_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure");
}

TEST_F(BrowserCookiesTest, ProductionReadsThePrefixedOneAlone) {
  const BrowserCookies production(kMaster, {.production = true});
  EXPECT_FALSE(read(production, "auth_token=" + good_));
  EXPECT_TRUE(read(production, "auth_token=planted; __Host-auth_token=" + good_));
  EXPECT_FALSE(read("__Host-auth_token=" + good_));
}

TEST_F(BrowserCookiesTest, ACsrfTokenIsOfOneSession) {
  const std::string token = cookies_.csrf_token(kSid);
  EXPECT_EQ(base64url_decode(token)->size(), 32U);
  EXPECT_TRUE(cookies_.is_csrf_token(token, kSid));
  EXPECT_TRUE(BrowserCookies(kMaster, {.production = true}).is_csrf_token(token, kSid));
  EXPECT_FALSE(cookies_.is_csrf_token(token, "another"));
  EXPECT_FALSE(cookies_.is_csrf_token("", kSid));
  EXPECT_FALSE(cookies_.is_csrf_token(kSid, kSid));
  EXPECT_FALSE(cookies_.is_csrf_token(token + "=", kSid));
  EXPECT_FALSE(cookies_.is_csrf_token(good_.substr(good_.rfind('.') + 1), kSid));
}

}  // namespace
}  // namespace kriya::access
