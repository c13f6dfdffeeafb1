#include "agent/sign_in_watch.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace kriya::agent {

/// Shared with what looks, which may wait for the database while the turn ends.
struct SignInWatch::State {
  Turn::Still still;
  http::Principal principal;
  std::shared_ptr<LiveTurn> turn;
  std::chrono::milliseconds every;
  std::shared_ptr<Mailbox<int>> over;  // closed at the end; nothing is put into it
  std::optional<Error> ended = {};
};

SignInWatch::SignInWatch(Turn::Still still, http::Principal principal, std::shared_ptr<LiveTurn> turn,
                         std::chrono::milliseconds every)
    : state_(std::make_shared<State>(State{.still = std::move(still),
                                           .principal = std::move(principal),
                                           .turn = turn,
                                           .every = every,
                                           .over = std::make_shared<Mailbox<int>>(turn->executor())})) {
  if (state_->still) asio::co_spawn(turn->executor(), look(state_), asio::detached);
}

SignInWatch::~SignInWatch() { state_->over->close(); }

std::optional<Error> SignInWatch::ended() const { return state_->ended; }

Task<void> SignInWatch::look(std::shared_ptr<State> state) {
  for (;;) {
    co_await state->over->take(state->every);
    if (state->over->is_done()) co_return;
    const auto now = co_await state->still(state->principal);
    // A database that is away for a moment does not say that somebody has signed out.
    if (now || now.error().code != Errc::invalid_token) continue;
    if (state->over->is_done()) co_return;
    state->ended = now.error();
    state->turn->stop();
    co_return;
  }
}

}  // namespace kriya::agent
