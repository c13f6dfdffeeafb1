// One call as libcurl sees it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include <curl/curl.h>

#include "http/client/curl.h"
#include "http/client/receiver.h"

namespace kriya::http::client {

/// Made by the caller's thread, then used by the thread of the loop alone. Ends with one call of `finish` or `fail`.
class Transfer {
 public:
  Transfer(Request request, Deadline deadline, std::shared_ptr<Receiver> receiver);

  /// Hands everything to libcurl, in `easy`. Gives why, when the request cannot be sent at all.
  std::optional<Failure> prepare(std::uint64_t ticket, const Curl::Options& options);
  CURL* easy() const { return easy_.get(); }
  std::uint64_t ticket() const { return ticket_; }
  static Transfer& of(CURL* easy);

  /// libcurl is done with it.
  void finish(CURLcode code);
  void fail(std::string detail);
  void give_up();
  void fail(Failure failure) { receiver_->fail(std::move(failure)); }

 private:
  struct Cleanup {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  static int before_request(void* self, char*, char*, int, int);
  static std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* self);

  void set_connection(const Curl::Options& options);
  void set_method_and_body();
  void set_headers();
  void add_header_line(const std::string& line);
  bool may_be_repeated() const { return request_.method == "GET" || request_.method == "HEAD"; }
  void begin();
  std::chrono::microseconds elapsed() const;
  Failure failure(CURLcode code) const;

  template <class T>
  void set(CURLoption option, T value) {
    if (set_up_ == CURLE_OK) set_up_ = curl_easy_setopt(easy_.get(), option, value);
  }

  Request request_;
  Deadline deadline_;
  std::shared_ptr<Receiver> receiver_;
  std::uint64_t ticket_ = 0;
  std::unique_ptr<curl_slist, Cleanup> header_lines_;  // libcurl reads them, and the body, where they are
  std::array<char, CURL_ERROR_SIZE> error_{};
  CURLcode set_up_ = CURLE_OK;           // the first option that libcurl did not take
  bool sent_ = false;                    // or about to be
  bool begun_ = false;                   // the receiver has the head
  bool lost_ = false;                    // no answer, and libcurl wanted to send again
  std::unique_ptr<CURL, Cleanup> easy_;  // the last: it refers to the others
};

}  // namespace kriya::http::client
