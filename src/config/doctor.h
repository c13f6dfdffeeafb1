// The production checklist, held against one configuration.
#pragma once

#include <string>
#include <vector>

#include "config/problem.h"
#include "config/settings.h"
#include "config/surroundings.h"

namespace kriya::config {

enum class Verdict {
  ok,
  advice,  // works, but somebody should know
  unsafe,  // production does not start with it
};

struct Check {
  Verdict verdict = Verdict::ok;
  std::string title;   // what was found
  std::string remedy;  // what to do; empty when ok
};

/// The whole checklist, in a fixed order. Pure: looks at its arguments only. What load() refuses is unsafe here too,
/// so settings that were put together in another way get the same answer. In development nothing is unsafe (a mistake
/// that matters even there is refused by load()); what production would not accept is advice.
std::vector<Check> examine(const Settings& settings, const Surroundings& surroundings = {});

/// Whether there are test numbers, and their last day is behind us: they are numbers like others by now.
bool test_numbers_are_over(const Settings& settings, const Surroundings& surroundings);

/// The same form for a configuration that load() or fill_missing_secrets() refused: every problem is unsafe.
std::vector<Check> as_checks(const Problems& problems);

bool any_unsafe(const std::vector<Check>& checks);

/// One line a check (`✔ title`, `! title — remedy`, `✘ title — remedy`) and a line that sums up.
std::string render(const std::vector<Check>& checks);

}  // namespace kriya::config
