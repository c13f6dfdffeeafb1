// Does what the configuration says really send messages? Step by step, at the cost of one message.
#pragma once

#include <string>

#include "cli/local_phone.h"

namespace kriya::cli {

/// Prints a line a step. Errors: those of the first step that failed, in words on what to do.
Task<Result<void>> sms_selftest(LocalPhone& local, std::string number);

}  // namespace kriya::cli
