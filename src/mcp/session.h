// A legacy session: what a client said in `initialize`, and what is under way with it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "mcp/change_feed.h"
#include "mcp/event_stream.h"
#include "mcp/offer.h"
#include "mcp/session_ids.h"

namespace kriya::mcp {

/// One POST and the next may come on different I/O threads: all methods are for any thread.
class Session {
 public:
  Session(std::string id, std::string subject, SessionTerms terms, json::object client,
          std::shared_ptr<KeptBytes> budget);
  ~Session();
  Session(const Session&) = delete;

  const std::string& id() const { return id_; }
  const std::string& subject() const { return subject_; }
  std::string_view version() const { return terms_.version; }
  const json::object& capabilities() const { return terms_.capabilities; }
  const json::object& client() const { return client_; }
  /// For logs: tells sessions apart, and opens none.
  const std::string& log_name() const { return log_name_; }

  LogLevel log_level() const;
  void set_log_level(LogLevel level);

  /// False: there are too many already.
  bool subscribe(std::string uri);
  void unsubscribe(const std::string& uri);

  /// A stream for the answer to one request. The oldest finished ones are forgotten.
  std::shared_ptr<EventStream> open_stream();
  void forget(const EventStream& stream);
  /// The stream of what belongs to no request: the GET's.
  const std::shared_ptr<EventStream>& own_stream() const { return own_stream_; }
  std::shared_ptr<EventStream> find_stream(std::uint64_t number) const;

  /// Requests that the client waits for. False: the id is in use, or there are too many.
  bool begin(const RequestId& id, std::stop_source stop);
  void end(const RequestId& id);
  void cancel(const RequestId& id);

  /// What the server asks the client. The mailbox gets the one response, or is closed.
  struct Question {
    RequestId id;
    std::shared_ptr<Mailbox<RpcResponse>> answer;
  };
  Question ask(Executor executor);
  void answer(RpcResponse response);
  void forget(const Question& question);

  /// Tells the client, if it wants to know.
  void tell(const Change& change);

  /// Somebody waits for an answer or listens.
  bool is_busy() const;

  /// Ends all that is under way.
  void close();

 private:
  std::stop_source stop_of(const RequestId& id) const;

  static constexpr std::size_t kMostSubscriptions = 256;
  static constexpr std::size_t kMostRunning = 64;
  static constexpr std::size_t kFinishedStreams = 8;

  const std::string id_;
  const std::string subject_;
  const SessionTerms terms_;
  const json::object client_;
  const std::string log_name_;
  const std::shared_ptr<KeptBytes> budget_;
  const std::shared_ptr<EventStream> own_stream_;
  mutable std::mutex mutex_;  // for all that follows
  LogLevel log_level_ = LogLevel::info;
  std::set<std::string> subscriptions_;
  std::uint64_t last_stream_ = 0;
  std::map<std::uint64_t, std::shared_ptr<EventStream>> streams_;
  std::map<RequestId, std::stop_source> running_;
  std::int64_t last_question_ = 0;
  std::map<std::int64_t, std::shared_ptr<Mailbox<RpcResponse>>> questions_;
  bool closed_ = false;
};

}  // namespace kriya::mcp
