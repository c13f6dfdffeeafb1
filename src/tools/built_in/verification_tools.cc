// Proving that somebody holds a phone. Verification has the rules.
#include "tools/built_in/built_in_tools.h"
#include "tools/typed_tool.h"
#include "verification/relay.h"

namespace kriya::tools {
namespace {

using verification::Verification;

constexpr const char* kVerifyScope = "phone:verify";

// Every code costs money.
const CallLimit kCodeLimit{.name = "tool-phone-verification",
                           .of_person = 60,
                           .of_program = 3'000,
                           .when_away = http::RateLimit::WhenAway::closed};

/// A program that acts by itself asks for many people, as a server does.
verification::Asker asker_of(const http::Principal& principal) {
  return {.name = principal.subject(), .for_many = !principal.user_id};
}

/// A code that was sent, and a guess that was counted, are not given up halfway.
http::Caller caller_of(const CallContext& context) {
  return {.address = context.client_address.empty() ? context.principal.subject() : context.client_address,
          .user_agent = {},
          .request_id = context.request_id,
          .deadline = context.deadline.unstoppable(),
          .bearer = {}};
}

Task<Result<verification::VerificationBody>> start(Verification& verification,
                                                   verification::PhoneVerificationRequest request,
                                                   CallContext context) {
  auto started = co_await verification::start_relay(verification, std::move(request), asker_of(context.principal),
                                                    caller_of(context));
  if (!started) co_return fail(std::move(started.error()));
  co_return std::move(started->verification);
}

OwnTool send_tool(Verification& verification) {
  return make_tool<verification::PhoneVerificationRequest, verification::VerificationBody>({
      .name = "send_verification_code",
      .title = "Send a verification code",
      .description = "Sends a one-time code to a phone, so that its holder can prove to have it. You never see the "
                     "code: ask the person for it, then call check_verification_code with the `id` of this result.",
      .annotations = {.open_world = true},
      .scope = kVerifyScope,
      .arguments = {{"phone_number", "The phone to be proven"},
                    {"channel", "How the code travels; the server's own choice when absent"},
                    {"locale", "The language of the message, e.g. es"},
                    {"client_address", "The person's IP address; only programs that act by themselves say it"}},
      .limit = kCodeLimit,
      .run = [&verification](
                 verification::PhoneVerificationRequest request,
                 CallContext context) { return start(verification, std::move(request), std::move(context)); },
  });
}

OwnTool check_tool(Verification& verification) {
  return make_tool<verification::CodeRequest, verification::PhoneVerificationAnswer>({
      .name = "check_verification_code",
      .title = "Check a verification code",
      .description = "Checks the code that the person received. `valid` says whether it is right; a wrong one counts, "
                     "so never guess. A code that was right once is spent.",
      .annotations = {},
      .scope = kVerifyScope,
      .secret_arguments = {"code"},
      .arguments = {{"verification_id", "`id` of what send_verification_code gave"},
                    {"code", "The digits as the person typed them"}},
      .limit = kCodeLimit,
      .run =
          [&verification](verification::CodeRequest request, const CallContext& context) {
            return verification::check_relay(verification, std::move(request), asker_of(context.principal),
                                             caller_of(context));
          },
  });
}

}  // namespace

std::vector<OwnTool> verification_tools(Verification& verification) {
  return {send_tool(verification), check_tool(verification)};
}

}  // namespace kriya::tools
