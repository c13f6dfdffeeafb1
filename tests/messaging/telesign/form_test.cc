#include "messaging/telesign/form.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/encoding.h"
#include "tests/support/telesign_vectors.h"

namespace kriya::messaging::telesign {
namespace {

TEST(TelesignForm, WritesTheBytesThatTheOfficialClientWrites) {
  int seen = 0;
  for (const json::value& vector : tests::telesign_vectors().at("request_signing_sdk").as_array()) {
    const json::value& params = vector.at("params");
    const json::value& input = vector.at("input");
    if (!params.is_object() || tests::text_at(input, "content_type") != "application/x-www-form-urlencoded") continue;
    Form form;
    for (const auto& param : params.as_object()) form.emplace_back(param.key(), param.value().as_string());
    if (tests::text_at(input, "method") != "POST") continue;
    EXPECT_EQ(form_encode(form), tests::text_at(input, "body")) << vector.at("name");
    ++seen;
  }
  EXPECT_GE(seen, 4);
}

RC_GTEST_PROP(TelesignForm, IsReadBackByWhoeverDecodesIt, (const std::string& value)) {
  RC_ASSERT(percent_decode(form_encode({{"name", value}}).substr(5)) == value);
  RC_ASSERT(percent_decode(percent_encode(value)) == value);
}

}  // namespace
}  // namespace kriya::messaging::telesign
