#include "storage/ephemeral/redis_link.h"

#include <exception>

#include <boost/asio/co_spawn.hpp>

namespace kriya::storage::ephemeral {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLeastBackOff{100};
constexpr milliseconds kMostBackOff{2000};

/// Redis's own words about AUTH, unless it quotes the password, as one does that does not know the command.
std::string why_refused(const std::string& answer, const Secret& password) {
  const std::string text = "it does not accept the user and password";
  return answer.find(password.reveal()) == std::string::npos ? text + ": " + without_arguments(answer) : text;
}

}  // namespace

RedisLink::RedisLink(asio::io_context& context, std::shared_ptr<RedisEndpoint> endpoint,
                     std::shared_ptr<RedisHealth> health)
    : context_(context),
      endpoint_(std::move(endpoint)),
      health_(std::move(health)),
      timer_(context.get_executor()),
      back_off_(kLeastBackOff),
      jitter_(std::random_device{}()) {}

void RedisLink::start() {
  asio::co_spawn(context_, keep_connected(shared_from_this()), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);  // a bug
  });
}

void RedisLink::close() {
  if (state_ == LinkState::closed) return;
  move_to(LinkState::closed);
  timer_.cancel();
  if (stream_) stream_->close();
  on_down();
}

void RedisLink::lose(std::string cause) {
  lost_because_ = std::move(cause);
  stream_->close();
}

void RedisLink::move_to(LinkState next, std::string_view cause) {
  if (next == state_) return;
  health_->moved(state_, next, cause);
  state_ = next;
}

Task<void> RedisLink::keep_connected(std::shared_ptr<RedisLink> self) {
  while (state_ != LinkState::closed) {
    const auto opened = co_await open();
    if (state_ == LinkState::closed) break;
    if (!opened) {
      move_to(LinkState::away, opened.error());
      on_down();
    } else {
      const auto since = Steady::now();
      move_to(LinkState::up);
      on_up();
      co_await read_until_lost(stream_);
      if (state_ == LinkState::closed) break;
      move_to(LinkState::connecting);  // a restart is over in no time: calls wait for the outcome of one attempt
      on_down();
      if (Steady::now() - since > kMostBackOff) {
        back_off_ = kLeastBackOff;
        continue;
      }
    }
    co_await pause();
  }
}

Task<Attempt<void>> RedisLink::open() {
  const auto stream = stream_ = std::make_shared<RedisStream>(context_, endpoint_);
  reader_.emplace();
  lost_because_.clear();
  opening_ = true;
  logging_in_ = false;
  limit_opening();
  Attempt<void> outcome = co_await stream->connect();
  if (outcome) outcome = co_await log_in(stream);
  opening_ = false;
  timer_.cancel();
  if (!outcome) stream->close();
  if (!lost_because_.empty()) co_return tl::unexpected(lost_because_);
  co_return outcome;
}

/// Callers do not wait for a name look-up that cannot be cut short: they hear of the failure when the time is over.
void RedisLink::limit_opening() {
  timer_.expires_after(endpoint_->options().connect_limit);
  timer_.async_wait([self = shared_from_this(), stream = stream_](const boost::system::error_code& ec) {
    if (ec || !self->opening_ || self->stream_ != stream || self->state_ == LinkState::closed) return;
    const std::string step(self->logging_in_ ? "log-in" : stream->step());
    self->lose(step + ": no answer within " + std::to_string(self->options().connect_limit.count()) + " ms");
    self->move_to(LinkState::away, self->lost_because_);
    self->on_down();
  });
}

/// AUTH, SELECT, the name for CLIENT LIST, and a PING, which a Redis that is loading or wants a password refuses.
Task<Attempt<void>> RedisLink::log_in(std::shared_ptr<RedisStream> stream) {
  logging_in_ = true;
  const RedisOptions& options = endpoint_->options();
  const bool auth = !options.password.empty();
  const bool select = options.database != 0;
  if (auth && options.user.empty()) stream->send(redis_command({"AUTH", options.password.reveal()}));
  if (auth && !options.user.empty()) stream->send(redis_command({"AUTH", options.user, options.password.reveal()}));
  if (select) stream->send(redis_command({"SELECT", std::to_string(options.database)}));
  stream->send(redis_command({"CLIENT", "SETNAME", "kriya"}));
  stream->send(redis_command({"PING"}));

  if (auth) {
    const auto reply = co_await next_reply(stream);
    if (!reply) co_return tl::unexpected(reply.error());
    if (reply->is_error()) co_return tl::unexpected(why_refused(reply->text, options.password));
  }
  if (select) {
    const auto reply = co_await next_reply(stream);
    if (!reply) co_return tl::unexpected(reply.error());
    if (reply->is_error()) co_return tl::unexpected("SELECT: " + without_arguments(reply->text));
  }
  if (const auto name = co_await next_reply(stream); !name) co_return tl::unexpected(name.error());
  const auto pong = co_await next_reply(stream);
  if (!pong) co_return tl::unexpected(pong.error());
  if (pong->is_error()) co_return tl::unexpected(without_arguments(pong->text));
  co_return Attempt<void>();
}

Task<Attempt<Reply>> RedisLink::next_reply(std::shared_ptr<RedisStream> stream) {
  for (;;) {
    auto reply = reader_->next();
    if (!reply) co_return tl::unexpected(reply.error());
    if (*reply) co_return **std::move(reply);
    if (const auto received = co_await stream->receive(*reader_); !received) co_return tl::unexpected(received.error());
  }
}

Task<void> RedisLink::read_until_lost(std::shared_ptr<RedisStream> stream) {
  while (state_ == LinkState::up && lost_because_.empty()) {
    auto reply = co_await next_reply(stream);
    if (!reply) break;
    on_reply(*std::move(reply));
  }
  stream->close();
}

Task<void> RedisLink::pause() {
  // Between half and all of it: instances that lost Redis together do not come back together.
  const auto most = back_off_.count();
  const milliseconds span(std::uniform_int_distribution<milliseconds::rep>(most / 2, most)(jitter_));
  back_off_ = std::min(2 * back_off_, kMostBackOff);
  timer_.expires_after(span);
  co_await timer_.async_wait(use_result);
}

}  // namespace kriya::storage::ephemeral
