// While a model talks, or a tool works, its person may sign out elsewhere.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "agent/live_turns.h"
#include "agent/turn.h"

namespace kriya::agent {

/// Asks now and then who the person of a turn is, for as long as it lives, and stops the turn once they have signed
/// out. For the turn's own thread.
class SignInWatch {
 public:
  /// `still` may be empty: nothing is watched. It may be asked once more after the end of this.
  SignInWatch(Turn::Still still, http::Principal principal, std::shared_ptr<LiveTurn> turn,
              std::chrono::milliseconds every);
  ~SignInWatch();
  SignInWatch(const SignInWatch&) = delete;

  /// Why it has stopped the turn; nullopt: it has not.
  std::optional<Error> ended() const;

 private:
  struct State;
  static Task<void> look(std::shared_ptr<State> state);

  const std::shared_ptr<State> state_;
};

}  // namespace kriya::agent
