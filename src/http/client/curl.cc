#include "http/client/curl.h"

#include <mutex>
#include <new>
#include <thread>
#include <unordered_map>

#include <pthread.h>
#include <signal.h>

#include "http/client/transfer.h"

namespace kriya::http::client {

class Curl::Loop {
 public:
  explicit Loop(Options options) : options_(std::move(options)) {
    if (multi_ == nullptr) throw std::bad_alloc();
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 32L);  // kept for later calls
    thread_ = std::thread([this] { run(); });
  }

  ~Loop() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_.get());
    thread_.join();
  }

  void add(std::unique_ptr<Transfer> transfer) {
    {
      const std::scoped_lock lock(mutex_);
      arrived_.push_back(std::move(transfer));
    }
    curl_multi_wakeup(multi_.get());
  }

 private:
  /// libcurl counts these; the first and the last do the work.
  struct Library {
    Library() {
      if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::bad_alloc();
    }
    ~Library() { curl_global_cleanup(); }
    Library(const Library&) = delete;
  };
  struct Cleanup {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  void run() {
    pthread_setname_np(pthread_self(), "http-client");
    sigset_t all;  // signals are for the main thread; SIGPIPE, which OpenSSL may raise, is for nobody
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (begin_what_arrived()) {
      int running = 0;
      CURLMcode code = curl_multi_perform(multi_.get(), &running);
      finish_what_is_done();
      constexpr int kMostMilliseconds = 60'000;  // libcurl wakes sooner for its own timers, and for `add`
      if (code == CURLM_OK) code = curl_multi_poll(multi_.get(), nullptr, 0, kMostMilliseconds, nullptr);
      if (code != CURLM_OK) give_up(curl_multi_strerror(code));
    }
    give_up("the client is shutting down");
  }

  /// False when it is time to end.
  bool begin_what_arrived() {
    std::vector<std::unique_ptr<Transfer>> arrived;
    bool stopping = false;
    {
      const std::scoped_lock lock(mutex_);
      arrived.swap(arrived_);
      stopping = stopping_;
    }
    for (auto& transfer : arrived) {
      if (stopping) {
        transfer->fail("the client is shutting down");
      } else {
        begin(std::move(transfer));
      }
    }
    return !stopping;
  }

  void begin(std::unique_ptr<Transfer> transfer) {
    if (under_way_.size() >= options_.most_calls) return transfer->fail("too many calls are under way");
    const auto easy = transfer->prepare(options_);
    if (!easy) return transfer->fail(easy.error());
    const CURLMcode code = curl_multi_add_handle(multi_.get(), *easy);
    if (code != CURLM_OK) return transfer->fail(curl_multi_strerror(code));
    under_way_.emplace(*easy, std::move(transfer));
  }

  void finish_what_is_done() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;  // gone with the handle
      take(message->easy_handle)->finish(code);
    }
  }

  void give_up(const std::string& message) {
    while (!under_way_.empty()) take(under_way_.begin()->first)->fail(message);
  }

  std::unique_ptr<Transfer> take(CURL* easy) {
    curl_multi_remove_handle(multi_.get(), easy);
    return std::move(under_way_.extract(easy).mapped());
  }

  const Options options_;
  Library library_;
  std::unique_ptr<CURLM, Cleanup> multi_{curl_multi_init()};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Transfer>> arrived_;  // under the mutex
  bool stopping_ = false;                           // under the mutex
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> under_way_;
  std::thread thread_;
};

Curl::Curl(Options options) : loop_(std::make_unique<Loop>(std::move(options))) {}

Curl::~Curl() = default;

Task<Answer> Curl::send(Request request, Deadline deadline) {
  return handoff<Answer>([loop = loop_.get(), request = std::move(request), deadline](Completion<Answer> done) mutable {
    loop->add(std::make_unique<Transfer>(std::move(request), deadline, std::move(done)));
  });
}

}  // namespace kriya::http::client
