// The legacy sessions of this process.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "mcp/session.h"

namespace kriya::mcp {

/// In memory, bounded in number, altogether and for each principal: who opens one more loses the one that was used
/// longest ago, whose client then hears 404 and begins anew. A session of another instance behind the same load
/// balancer (or of this one before a restart) is taken up by its id: its version and what its client can be asked are
/// known then, but not its subscriptions, its log level, nor the events of its streams. A session that its client ended
/// on one instance is unknown there at once; on another it would be taken up until its id is too old.
/// All methods are for any thread.
class Sessions {
 public:
  struct Options {
    std::size_t most = 10'000;
    std::size_t most_of_principal = 64;
    std::chrono::seconds idle{3600};
    std::size_t kept_bytes = 64 * 1024 * 1024;  // of events, in all streams together
  };

  /// `clock` must outlive it.
  Sessions(const Secret& master_key, const Clock& clock, Options options);

  std::shared_ptr<Session> open(SessionTerms terms, json::object client, const std::string& subject);

  /// Null: not this principal's, ended, evicted, or too old.
  std::shared_ptr<Session> find(std::string_view id, const std::string& subject);

  /// False: there is none.
  bool end(std::string_view id, const std::string& subject);

  /// Ends what idles, at most `limit`; returns how many.
  std::size_t sweep(std::size_t limit);

  void tell(const Change& change);
  void close_all();
  std::size_t count() const;

 private:
  struct Entry {
    std::shared_ptr<Session> session;
    Timestamp used;
  };
  using Order = std::list<Entry>;  // the one that was used longest ago first

  std::shared_ptr<Session> add(std::string id, SessionTerms terms, json::object client, const std::string& subject,
                               std::vector<std::shared_ptr<Session>>& evicted);
  std::shared_ptr<Session> remove(Order::iterator entry);
  bool has_idled(const Entry& entry) const;
  void remember_ended(const Session& session);

  const SessionIds ids_;
  const Clock& clock_;
  const Options options_;
  const std::shared_ptr<KeptBytes> budget_;
  mutable std::mutex mutex_;  // for all that follows
  Order order_;
  std::unordered_map<std::string, Order::iterator> by_id_;
  std::unordered_map<std::string, std::size_t> by_subject_;  // how many
  std::unordered_set<std::string> ended_;                    // of those that were made elsewhere
  std::deque<std::string> ended_order_;
};

}  // namespace kriya::mcp
