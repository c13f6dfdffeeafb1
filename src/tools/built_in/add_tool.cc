#include <cmath>

#include "tools/built_in/built_in_tools.h"
#include "tools/typed_tool.h"

namespace kriya::tools {

/// Named by the original's clients.
struct AddArguments {
  double a = 0;
  double b = 0;
};
BOOST_DESCRIBE_STRUCT(AddArguments, (), (a, b))

struct Sum {
  double result = 0;
};
BOOST_DESCRIBE_STRUCT(Sum, (), (result))

namespace {

Task<Result<Sum>> add(AddArguments numbers) {
  const double sum = numbers.a + numbers.b;
  if (std::isfinite(sum)) co_return Sum{sum};
  co_return fail(Errc::bad_request, "The sum is too large for a number.");
}

std::string say(const Sum& sum) {
  std::string text;
  schema::write_value(text, sum.result);
  return text;
}

}  // namespace

OwnTool add_tool() {
  return make_tool<AddArguments, Sum>({
      .name = "add",
      .title = "Add two numbers",
      .description = "Adds two numbers and returns their sum.",
      .annotations = {.read_only = true, .idempotent = true},
      .arguments = {{"a", "The first number"}, {"b", "The second number"}},
      .say = say,
      .run = [](AddArguments numbers, const CallContext&) { return add(numbers); },
  });
}

}  // namespace kriya::tools
