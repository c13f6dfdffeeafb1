// Other people's servers that answer from a script, and remember what they were asked.
#pragma once

#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "http/client/client.h"

namespace kriya::tests {

class FakeHttpClient final : public http::client::Client {
 public:
  void answer(int status, std::string body, http::client::Headers headers = {}) {
    http::client::Response response;
    response.status = status;
    response.body = std::move(body);
    response.headers = std::move(headers);
    answers_.emplace_back(std::move(response));
  }
  void fail(bool sent, bool timed_out = false) {
    answers_.emplace_back(
        tl::unexpected(http::client::Failure{.sent = sent, .detail = "no luck", .timed_out = timed_out}));
  }

  Task<http::client::Answer> send(http::client::Request request, Deadline) override {
    const std::scoped_lock lock(mutex_);
    requests.push_back(std::move(request));
    if (answers_.empty()) throw std::logic_error("a request that the test did not expect");
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    co_return answer;
  }

  /// The last request's header; "" when absent.
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : requests.back().headers) {
      if (key == name) return value;
    }
    return {};
  }

  std::vector<http::client::Request> requests;

 private:
  std::mutex mutex_;
  std::deque<http::client::Answer> answers_;
};

}  // namespace kriya::tests
