// Who asks, and where that person is signed in.
#include <iterator>
#include <sstream>

#include "tools/built_in/built_in_tools.h"
#include "tools/typed_tool.h"

namespace kriya::tools {

enum class ActorKind { person, program, demo };
BOOST_DESCRIBE_ENUM(ActorKind, person, program, demo)

struct WhoAmI {
  ActorKind kind = ActorKind::person;
  std::optional<Uuid> user_id;
  std::string name;
  std::optional<std::string> phone_number;  // masked
  std::optional<std::string> client_id;     // the program through which the person acts, or that acts by itself
  std::vector<std::string> scopes;
};
BOOST_DESCRIBE_STRUCT(WhoAmI, (), (kind, user_id, name, phone_number, client_id, scopes))

/// A session without its id: that is for tokens, and neither for models nor for logs.
struct SignedInPlace {
  bool current = false;
  Timestamp started_at;
  Timestamp last_seen_at;
  Timestamp expires_at;
  std::string client_address;
  std::string user_agent;
};
BOOST_DESCRIBE_STRUCT(SignedInPlace, (), (current, started_at, last_seen_at, expires_at, client_address, user_agent))

struct SignedInPlaces {
  std::vector<SignedInPlace> sessions;  // oldest first
};
BOOST_DESCRIBE_STRUCT(SignedInPlaces, (), (sessions))

namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream words(text);
  return {std::istream_iterator<std::string>(words), {}};
}

Task<Result<WhoAmI>> who_am_i(identity::AccountStore& accounts, CallContext context) {
  const http::Principal& principal = context.principal;
  WhoAmI answer;
  if (!principal.client_id.empty()) answer.client_id = principal.client_id;
  answer.scopes = words_of(principal.scope);
  if (principal.demo) {
    answer.kind = ActorKind::demo;
    answer.name = "test-user";
    answer.client_id = "test-client";
    co_return answer;
  }
  if (!principal.user_id) {
    answer.kind = ActorKind::program;
    answer.name = principal.client_id;
    co_return answer;
  }
  auto user = co_await accounts.find_by_id(*principal.user_id, context.deadline);
  if (!user) co_return fail(std::move(user.error()));
  if (!*user) co_return fail(Errc::not_found, "There is no such person any more.");
  answer.user_id = principal.user_id;
  answer.name = (*user)->first_name;
  if ((*user)->last_name) answer.name += " " + *(*user)->last_name;
  if (const auto number = PhoneNumber::parse((*user)->phone_number)) answer.phone_number = number->masked();
  co_return answer;
}

Task<Result<SignedInPlaces>> list_places(identity::OwnSessions& sessions, CallContext context) {
  auto found = co_await sessions.list_of(*context.principal.user_id, context.principal.session, context.deadline);
  if (!found) co_return fail(std::move(found.error()));
  SignedInPlaces places;
  for (identity::SessionBody& one : found->sessions) {
    places.sessions.push_back({.current = one.current,
                               .started_at = one.started_at,
                               .last_seen_at = one.last_seen_at,
                               .expires_at = one.expires_at,
                               .client_address = std::move(one.client_address),
                               .user_agent = std::move(one.user_agent)});
  }
  co_return places;
}

}  // namespace

OwnTool whoami_tool(identity::AccountStore& accounts) {
  return make_tool<NoArguments, WhoAmI>({
      .name = "whoami",
      .title = "Who am I",
      .description = "Says on whose behalf you act: a person (with a masked phone number), a program by itself, or "
                     "the demo user, and which scopes are granted.",
      .annotations = {.read_only = true, .idempotent = true},
      .run = [&accounts](NoArguments, CallContext context) { return who_am_i(accounts, std::move(context)); },
  });
}

OwnTool list_my_sessions_tool(identity::OwnSessions& sessions) {
  return make_tool<NoArguments, SignedInPlaces>({
      .name = "list_my_sessions",
      .title = "Where I am signed in",
      .description = "Lists the devices and browsers on which the person is signed in now, oldest first.",
      .annotations = {.read_only = true, .idempotent = true},
      .for_people_alone = true,
      .run = [&sessions](NoArguments, CallContext context) { return list_places(sessions, std::move(context)); },
  });
}

}  // namespace kriya::tools
