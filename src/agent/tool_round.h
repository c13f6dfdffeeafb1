// The calls of one round, made together.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "agent/tool_names.h"
#include "agent/turn.h"

namespace kriya::agent {

/// How often each call was made in a turn: a model that goes in circles is told so.
class RepeatedCalls {
 public:
  static constexpr int kMost = 2;  // times that the same call is made

  /// Counts this one; false when it was made often enough. The order of the arguments' members makes no difference.
  bool count(const ModelCall& call);

 private:
  std::map<std::string, int, std::less<>> counts_;
};

/// What the calls of one round have in common.
struct ToolRound {
  tools::ToolSource& tools;
  const ToolNames& names;
  Approval approval;
  const Turn::Refuse& refuse;
  const Turn::Still& still;
  TurnListener& listener;
  std::shared_ptr<Approver> approver;  // null: nobody can be asked
  const http::Principal& principal;
  const tools::CallContext& context;
  std::stop_token stop;
  std::chrono::steady_clock::duration time;  // for each call, once it may be made
  RepeatedCalls& repeated;
};

struct RoundOutcome {
  std::vector<CallOutcome> calls;                   // in their order
  std::chrono::steady_clock::duration waited = {};  // for the person, at most
};

/// Makes the calls, which have ids and functions' names, and waits for all of them. What has not ended two seconds
/// after its time, or after the stop was requested, is left to end by itself; while the person is asked, no call's time
/// is up.
Task<RoundOutcome> make_calls(ToolRound round, std::vector<ModelCall> calls);

}  // namespace kriya::agent
