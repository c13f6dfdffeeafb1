// docs/tools.md is written from the tools' own declarations.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/identity_services.h"
#include "tests/support/test_database.h"
#include "tools/built_in/built_in_tools.h"

namespace kriya::tools {
namespace {

const std::filesystem::path kDocument = std::filesystem::path(KRIYA_SOURCE_DIR) / "docs" / "tools.md";

constexpr const char* kHead = R"(# Tools

<!-- Written from the tools' declarations in src/tools/built_in/ by tests/tools/built_in/reference_test.cc. -->

What an agent can do with Kriya, over `/mcp` and in the chat. A list shows only what its asker may call: a tool that has
a scope asks for it (`kriya user grant`, or the scope of a client), one for people is of no use to a program that acts
by itself, and development's demo user has the harmless ones. What is wrong with a call is a result that says so
(`isError`), so that a model can do better. Unknown arguments are ignored. Every call is written down, without codes and
secrets, and each tool has a limit of calls a minute.
)";

std::string yes_or_no(bool yes) { return yes ? "yes" : "no"; }

std::string text_of(const json::object& schema) {
  const json::value* text = schema.if_contains("description");
  return text == nullptr ? std::string() : std::string(text->as_string());
}

bool is_required(const json::object& schema, std::string_view name) {
  const json::value* required = schema.if_contains("required");
  return required != nullptr &&
         std::ranges::any_of(required->as_array(), [&](const json::value& one) { return one.as_string() == name; });
}

void write_arguments(std::ostream& out, const json::object& schema) {
  const json::object& arguments = schema.at("properties").as_object();
  if (arguments.empty()) return;
  out << "\n| argument | required | meaning |\n|---|---|---|\n";
  for (const auto& argument : arguments) {
    out << "| `" << std::string_view(argument.key()) << "` | " << yes_or_no(is_required(schema, argument.key()))
        << " | " << text_of(argument.value().as_object()) << " |\n";
  }
}

std::string markdown(const std::vector<OwnTool>& tools) {
  std::ostringstream out;
  out << kHead;
  for (const OwnTool& tool : tools) {
    const ToolSpec& spec = *tool.spec;
    out << "\n## " << spec.name << "\n\n" << spec.description << "\n\n";
    out << "Scope: " << (spec.scope.empty() ? "none" : "`" + spec.scope + "`")
        << ". For people alone: " << yes_or_no(spec.for_people_alone)
        << ". Only reads: " << yes_or_no(spec.annotations.read_only)
        << ". The same call again changes nothing more: " << yes_or_no(spec.annotations.idempotent)
        << ". Reaches the world outside: " << yes_or_no(spec.annotations.open_world) << ". At most "
        << tool.limit.of_person << " calls a minute of a person, " << tool.limit.of_program << " of a program.\n";
    write_arguments(out, spec.input_schema);
  }
  return out.str();
}

std::string checked_in() {
  std::ostringstream text;
  text << std::ifstream(kDocument).rdbuf();
  return text.str();
}

// After a change of a tool: KRIYA_UPDATE_DOCS=1 and this test write the document anew.
TEST(ToolsReference, TheCheckedInDocumentIsWhatTheToolsDeclare) {
  tests::FakeClock clock;
  tests::TestDatabase database{tests::Engine::sqlite};
  tests::IdentityServices identity{database, clock};
  messaging::MessageService messages{identity.messenger, identity.messages, PhoneHash(Secret(std::string(32, 'm'))),
                                     nullptr, nullptr};
  const std::string wanted = markdown(built_in_tools({.accounts = identity.accounts,
                                                      .sessions = identity.own_sessions,
                                                      .messages = messages,
                                                      .verification = identity.verification}));
  if (std::getenv("KRIYA_UPDATE_DOCS") != nullptr) std::ofstream(kDocument) << wanted;
  EXPECT_TRUE(checked_in() == wanted) << kDocument << " is stale: run this test with KRIYA_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace kriya::tools
