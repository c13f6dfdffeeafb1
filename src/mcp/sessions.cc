#include "mcp/sessions.h"

#include <algorithm>

namespace kriya::mcp {

Sessions::Sessions(const Secret& master_key, const Clock& clock, Options options)
    : ids_(master_key, clock),
      clock_(clock),
      options_(options),
      budget_(std::make_shared<KeptBytes>(options.kept_bytes)) {}

std::shared_ptr<Session> Sessions::open(SessionTerms terms, json::object client, const std::string& subject) {
  std::vector<std::shared_ptr<Session>> evicted;
  std::shared_ptr<Session> session;
  {
    std::string id = ids_.make(terms, subject);
    const std::lock_guard lock(mutex_);
    session = add(std::move(id), std::move(terms), std::move(client), subject, evicted);
  }
  for (const auto& old : evicted) old->close();
  return session;
}

std::shared_ptr<Session> Sessions::find(std::string_view id, const std::string& subject) {
  auto read = ids_.read(id, subject);
  if (!read) return nullptr;
  std::vector<std::shared_ptr<Session>> evicted;
  std::shared_ptr<Session> session;
  {
    const std::string key(id);
    const std::lock_guard lock(mutex_);
    if (const auto found = by_id_.find(key); found != by_id_.end()) {
      const auto entry = found->second;
      if (has_idled(*entry)) {
        evicted.push_back(remove(entry));
      } else {
        entry->used = clock_.now();
        order_.splice(order_.end(), order_, entry);
        session = entry->session;
      }
    } else if (!read->ours && !ended_.contains(key)) {
      session = add(key, std::move(read->terms), {}, subject, evicted);
    }
  }
  for (const auto& old : evicted) old->close();
  return session;
}

bool Sessions::end(std::string_view id, const std::string& subject) {
  const auto session = find(id, subject);
  if (!session) return false;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_id_.find(session->id()); found != by_id_.end()) remove(found->second);
  }
  session->close();
  return true;
}

std::size_t Sessions::sweep(std::size_t limit) {
  std::vector<std::shared_ptr<Session>> idle;
  {
    const std::lock_guard lock(mutex_);
    while (idle.size() < limit && !order_.empty() && has_idled(order_.front())) idle.push_back(remove(order_.begin()));
  }
  for (const auto& session : idle) session->close();
  return idle.size();
}

void Sessions::tell(const Change& change) {
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : order_) entry.session->tell(change);
}

void Sessions::close_all() {
  Order all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(order_);
    by_id_.clear();
    by_subject_.clear();
  }
  for (const Entry& entry : all) entry.session->close();
}

std::size_t Sessions::count() const {
  const std::lock_guard lock(mutex_);
  return order_.size();
}

std::shared_ptr<Session> Sessions::add(std::string id, SessionTerms terms, json::object client,
                                       const std::string& subject, std::vector<std::shared_ptr<Session>>& evicted) {
  while (!order_.empty() && (order_.size() >= options_.most || has_idled(order_.front()))) {
    evicted.push_back(remove(order_.begin()));
  }
  if (const auto count = by_subject_.find(subject);
      count != by_subject_.end() && count->second >= options_.most_of_principal) {
    const auto oldest =
        std::ranges::find_if(order_, [&](const Entry& entry) { return entry.session->subject() == subject; });
    evicted.push_back(remove(oldest));
  }
  auto session = std::make_shared<Session>(id, subject, std::move(terms), std::move(client), budget_);
  order_.push_back({session, clock_.now()});
  by_id_.emplace(std::move(id), std::prev(order_.end()));
  ++by_subject_[subject];
  return session;
}

std::shared_ptr<Session> Sessions::remove(Order::iterator entry) {
  auto session = entry->session;
  if (const auto count = by_subject_.find(session->subject()); --count->second == 0) by_subject_.erase(count);
  by_id_.erase(session->id());
  order_.erase(entry);
  remember_ended(*session);
  return session;
}

bool Sessions::has_idled(const Entry& entry) const {
  return clock_.now() >= entry.used + options_.idle && !entry.session->is_busy();
}

/// Of the ids of this process none is taken up again: what is not here has ended. Others would be.
void Sessions::remember_ended(const Session& session) {
  const std::string& id = session.id();
  const auto read = ids_.read(id, session.subject());
  if (!read || read->ours || !ended_.insert(id).second) return;
  ended_order_.push_back(id);
  if (ended_order_.size() <= options_.most) return;
  ended_.erase(ended_order_.front());
  ended_order_.pop_front();
}

}  // namespace kriya::mcp
