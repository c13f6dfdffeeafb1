// Questions about phone numbers. MessageService has the rules.
#include "tools/built_in/built_in_tools.h"
#include "tools/typed_tool.h"

namespace kriya::tools {
namespace {

using messaging::MessageService;

constexpr const char* kLookupScope = "phone:lookup";
constexpr Annotations kAsks{.read_only = true, .idempotent = true, .open_world = true};

// Every question costs money.
const CallLimit kQuestionLimit{.name = "tool-phone-questions",
                               .of_person = 60,
                               .of_program = 3'000,
                               .when_away = http::RateLimit::WhenAway::closed};

OwnTool lookup_tool(MessageService& messages) {
  return make_tool<messaging::LookupRequest, messaging::NumberReport>({
      .name = "lookup_phone_number",
      .title = "Look a phone number up",
      .description = "What is known of a number: country, carrier, kind of line, whether it takes SMS. What is absent "
                     "was not asked or is not known, which is never the same as safe.",
      .annotations = kAsks,
      .scope = kLookupScope,
      .arguments = {{"phone_number", "The number in question"},
                    {"addons", "The provider's names of further questions, e.g. sim_swap; each may cost"}},
      .limit = kQuestionLimit,
      .run = [&messages](messaging::LookupRequest request,
                         const CallContext& context) { return messages.look_up(std::move(request), context.deadline); },
  });
}

OwnTool risk_tool(MessageService& messages) {
  return make_tool<messaging::RiskRequest, messaging::RiskReport>({
      .name = "assess_phone_risk",
      .title = "Assess the risk of a phone number",
      .description = "How likely a number is used for fraud: a score of 0 to 1000, higher is riskier, and a "
                     "recommendation (allow, flag, block).",
      .annotations = kAsks,
      .scope = kLookupScope,
      .arguments = {{"phone_number", "The number in question"},
                    {"event",
                     "What its holder is about to do: create, sign-in, transact (when absent), update, delete"},
                    {"client_address", "The holder's IP address"},
                    {"email", "The holder's"},
                    {"account_id", "Your name of the holder's account, 1 to 100 ASCII characters"}},
      .limit = kQuestionLimit,
      .run = [&messages](messaging::RiskRequest request,
                         const CallContext& context) { return messages.assess(std::move(request), context.deadline); },
  });
}

}  // namespace

std::vector<OwnTool> number_tools(MessageService& messages) { return {lookup_tool(messages), risk_tool(messages)}; }

}  // namespace kriya::tools
