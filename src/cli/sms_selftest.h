// Does what the configuration says really send messages? Step by step, at the cost of one message.
#pragma once

#include <string>

#include "cli/local_phone.h"

namespace kriya::cli {

/// Exit code of a test in which nothing failed, but nobody saw the message arrive.
constexpr int kSelftestSawNoDelivery = 2;

/// How a test ends in which nothing failed.
struct SelftestEnd {
  bool delivered = false;  // somebody saw it arrive: the provider, or the person who typed its code
  std::string words;       // what was seen and what not
};
SelftestEnd end_of_selftest(const messaging::MessageRecord& record, bool code_typed);

/// Prints a line a step, and the end's words. Returns whether the message was seen to arrive. Errors: those of the
/// first step that failed, in words on what to do.
Task<Result<bool>> sms_selftest(LocalPhone& local, std::string number);

}  // namespace kriya::cli
