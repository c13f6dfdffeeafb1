#include "agent/live_turns.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "agent/conversation_store.h"
#include "base/encoding.h"
#include "base/json.h"
#include "crypto/random.h"

namespace kriya::agent {
namespace {

constexpr const char* kChannel = "agent-turns";
constexpr std::chrono::milliseconds kAnswerWithin{700};  // of another instance that has the turn
constexpr std::size_t kMostAlways = 10'000;

std::string always_key(const std::string& owner, const Uuid& conversation, const std::string& tool) {
  return owner + '\n' + conversation.str() + '\n' + tool;
}

json::object wish_to_cancel(const std::string& owner, const Uuid& conversation) {
  return {{"kind", "cancel"}, {"owner", owner}, {"conversation", conversation.str()}};
}

Task<void> publish(storage::ephemeral::Ephemeral& ephemeral, std::string message) {
  // What is lost is a message that somebody waits for a short while, or a question asked once more.
  (void)co_await ephemeral.publish(kChannel, std::move(message), Deadline::after(kAnswerWithin));
}

}  // namespace

LiveTurn::LiveTurn(LiveTurns& turns, Executor executor, std::string owner, Uuid conversation)
    : turns_(turns), executor_(std::move(executor)), owner_(std::move(owner)), conversation_(conversation) {}

LiveTurn::~LiveTurn() { leave(); }

void LiveTurn::leave() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(left_, true)) return;
  }
  turns_.leave(*this);
}

void LiveTurn::stop() {
  asio::post(executor_, [self = shared_from_this()] {
    self->stop_.request_stop();
    const std::lock_guard lock(self->mutex_);
    for (const auto& [id, open] : self->questions_) open.box->close();
  });
}

bool LiveTurn::is_always_allowed(const std::string& tool) const {
  return turns_.is_always_allowed(always_key(owner_, conversation_, tool));
}

LiveTurn::Question LiveTurn::open_question(const std::string& tool) {
  Question question{.id = "approval_" + hex_encode(crypto::random_bytes(16)),
                    .box = std::make_shared<Mailbox<Decision>>(executor_)};
  const std::lock_guard lock(mutex_);
  questions_[question.id] = {tool, question.box};
  if (stop_.stop_requested()) question.box->close();
  return question;
}

void LiveTurn::close_question(const std::string& id) {
  const std::lock_guard lock(mutex_);
  questions_.erase(id);
}

std::optional<std::string> LiveTurn::decide(const std::string& id, Decision decision) {
  const std::lock_guard lock(mutex_);
  const auto found = questions_.find(id);
  if (found == questions_.end()) return std::nullopt;
  std::string tool = found->second.tool;
  found->second.box->put(decision);
  questions_.erase(found);  // the first decision counts
  return tool;
}

LiveTurns::LiveTurns(storage::ephemeral::Ephemeral& ephemeral, std::size_t most_of_owner)
    : ephemeral_(ephemeral), most_of_owner_(most_of_owner) {
  subscription_ = ephemeral_.subscribe(kChannel, [this](std::string_view message) { hear(message); });
}

Result<std::shared_ptr<LiveTurn>> LiveTurns::enter(Executor executor, std::string owner, Uuid conversation) {
  std::shared_ptr<LiveTurn> other;  // let go of, if need be, without the lock: its end takes that
  const std::lock_guard lock(mutex_);
  if (stopping_) return fail(Errc::overloaded, "This server is stopping; try again.");
  if (const auto found = turns_.find(conversation); found != turns_.end()) {
    other = found->second.lock();
    // Somebody else's is not there, as in all other places.
    if (other && other->owner() != owner) return fail(no_such_conversation());
    return fail(Errc::conflict, "Another answer is on its way in this conversation.");
  }
  std::size_t& running = of_owner_[owner];
  if (running >= most_of_owner_) {
    Error error{Errc::too_many_requests,
                "At most " + std::to_string(most_of_owner_) + " answers are given to one person at a time."};
    error.retry_after = std::chrono::seconds(5);
    return fail(std::move(error));
  }
  ++running;
  auto turn = std::make_shared<LiveTurn>(*this, std::move(executor), std::move(owner), conversation);
  turns_[conversation] = turn;
  return turn;
}

void LiveTurns::leave(const LiveTurn& turn) {
  const std::lock_guard lock(mutex_);
  turns_.erase(turn.conversation());
  const auto running = of_owner_.find(turn.owner());
  if (running != of_owner_.end() && --running->second == 0) of_owner_.erase(running);
}

std::shared_ptr<LiveTurn> LiveTurns::find(const std::string& owner, const Uuid& conversation) {
  std::shared_ptr<LiveTurn> turn;  // let go of, if need be, without the lock: its end takes that
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = turns_.find(conversation); found != turns_.end()) turn = found->second.lock();
  }
  if (turn && turn->owner() != owner) turn.reset();
  return turn;
}

Task<bool> LiveTurns::cancel(std::string owner, Uuid conversation, Deadline deadline) {
  if (const auto turn = find(owner, conversation)) {
    turn->stop();
    co_return true;
  }
  co_return co_await ask_others(wish_to_cancel(owner, conversation), deadline);
}

Task<void> LiveTurns::end(std::string owner, Uuid conversation) {
  if (const auto turn = find(owner, conversation)) {
    turn->stop();
  } else {
    co_await publish(ephemeral_, write_json(wish_to_cancel(owner, conversation)));
  }
}

Task<bool> LiveTurns::decide(std::string owner, Uuid conversation, std::string id, Decision decision,
                             Deadline deadline) {
  if (const auto turn = find(owner, conversation)) co_return decide_here(*turn, id, decision);
  co_return co_await ask_others({{"kind", "decide"},
                                 {"owner", owner},
                                 {"conversation", conversation.str()},
                                 {"question", id},
                                 {"decision", schema::word_of(decision)}},
                                deadline);
}

bool LiveTurns::decide_here(LiveTurn& turn, const std::string& id, Decision decision) {
  const auto tool = turn.decide(id, decision);
  if (!tool) return false;
  if (decision != Decision::always) return true;
  const std::string key = always_key(turn.owner(), turn.conversation(), *tool);
  allow_always(key);  // here, and on whichever instance has the next turn
  asio::co_spawn(turn.executor(), publish(ephemeral_, write_json(json::object{{"kind", "always"}, {"key", key}})),
                 asio::detached);
  return true;
}

bool LiveTurns::is_always_allowed(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return always_.contains(key);
}

void LiveTurns::allow_always(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (!always_.insert(key).second) return;
  always_in_order_.push_back(key);
  if (always_in_order_.size() <= kMostAlways) return;
  always_.erase(always_in_order_.front());
  always_in_order_.pop_front();
}

Task<bool> LiveTurns::ask_others(json::object message, Deadline deadline) {
  const std::string nonce = crypto::random_token();
  const auto box = std::make_shared<Mailbox<bool>>(co_await asio::this_coro::executor);
  {
    const std::lock_guard lock(mutex_);
    waiting_[nonce] = box;
  }
  message["nonce"] = nonce;
  const auto sent = co_await ephemeral_.publish(kChannel, write_json(message), deadline.within(kAnswerWithin));
  const bool answered = sent && co_await box->take(kAnswerWithin);
  const std::lock_guard lock(mutex_);
  waiting_.erase(nonce);
  co_return answered;
}

/// Every instance hears every message, its own, too.
void LiveTurns::hear(std::string_view text) {
  const auto parsed = parse_json(text);
  const json::object* message = parsed ? parsed->if_object() : nullptr;
  if (message == nullptr) return;
  const std::string kind(text_member(*message, "kind"));
  const std::string nonce(text_member(*message, "nonce"));
  if (kind == "always") return allow_always(std::string(text_member(*message, "key")));
  if (kind == "done") {
    const std::lock_guard lock(mutex_);
    if (const auto found = waiting_.find(nonce); found != waiting_.end()) found->second->put(true);
    return;
  }
  const auto conversation = Uuid::parse(text_member(*message, "conversation"));
  const auto turn = conversation ? find(std::string(text_member(*message, "owner")), *conversation) : nullptr;
  if (!turn) return;
  if (kind == "cancel") {
    turn->stop();
    if (!nonce.empty()) answer(*turn, nonce);
  } else if (kind == "decide" &&
             decide_here(*turn, std::string(text_member(*message, "question")),
                         schema::parse_word<Decision>(text_member(*message, "decision")).value_or(Decision::deny))) {
    answer(*turn, nonce);
  }
}

void LiveTurns::answer(const LiveTurn& turn, const std::string& nonce) {
  asio::co_spawn(turn.executor(), publish(ephemeral_, write_json(json::object{{"kind", "done"}, {"nonce", nonce}})),
                 asio::detached);
}

std::size_t LiveTurns::count() const {
  const std::lock_guard lock(mutex_);
  return turns_.size();
}

void LiveTurns::stop_all() {
  std::vector<std::shared_ptr<LiveTurn>> all;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [id, turn] : turns_) {
      if (auto live = turn.lock()) all.push_back(std::move(live));
    }
  }
  for (const auto& turn : all) turn->stop();
}

}  // namespace kriya::agent
