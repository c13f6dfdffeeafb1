#include "agent/history.h"

#include <algorithm>

#include "agent/turn.h"

namespace kriya::agent {
namespace {

/// A stopped turn, a crash or a client's own history can leave calls and answers that do not fit together, and servers
/// refuse the whole question then.
std::vector<Message> mended(std::vector<Message> history) {
  std::vector<Message> all;
  std::vector<std::string> open;  // calls that wait for their answers
  const auto close = [&] {
    for (std::string& id : open) {
      all.push_back({.role = Role::tool, .content = "The call was given up.", .calls = {}, .call_id = std::move(id)});
    }
    open.clear();
  };
  for (Message& message : history) {
    if (message.role == Role::tool) {
      if (std::erase(open, message.call_id) > 0) all.push_back(std::move(message));
      continue;
    }
    close();
    for (const ModelCall& call : message.calls) open.push_back(call.id);
    all.push_back(std::move(message));
  }
  close();
  return all;
}

}  // namespace

std::vector<Message> within_budget(std::vector<Message> history, std::int64_t tokens) {
  std::size_t first = history.size();
  std::int64_t cost = 0;
  for (std::size_t i = history.size(); i > 0; --i) {
    cost += estimated_tokens(history[i - 1]);
    if (cost > tokens && first < history.size()) break;
    if (history[i - 1].role == Role::user) first = i - 1;
  }
  if (first < history.size()) history.erase(history.begin(), history.begin() + static_cast<std::ptrdiff_t>(first));
  return mended(std::move(history));
}

}  // namespace kriya::agent
