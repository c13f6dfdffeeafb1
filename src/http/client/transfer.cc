#include "http/client/transfer.h"

#include <algorithm>
#include <new>

#include "base/text.h"

namespace kriya::http::client {
namespace {

bool is_token(std::string_view text) {  // RFC 9110 section 5.6.2
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return c > ' ' && c < 0x7F &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(static_cast<char>(c)) == std::string::npos;
  });
}

/// libcurl sends these as they are: a line break would begin a header, or a request, of somebody else's making.
std::optional<std::string> problem_with(const Request& request) {
  const auto breaks_line = [](unsigned char c) { return c == '\r' || c == '\n' || c == '\0'; };
  if (!is_token(request.method)) return "the method is not valid";
  if (!std::ranges::all_of(request.url, [](unsigned char c) { return c > ' ' && c < 0x7F; })) {
    return "the URL is not valid";
  }
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || std::ranges::any_of(value, breaks_line)) return "a header is not valid";
    if (equals_ignoring_case(name, "Content-Length") || equals_ignoring_case(name, "Transfer-Encoding")) {
      return "the length of the body is not the caller's to say";
    }
  }
  return std::nullopt;
}

}  // namespace

Transfer::Transfer(Request request, Deadline deadline, std::shared_ptr<Receiver> receiver)
    : request_(std::move(request)), deadline_(deadline), receiver_(std::move(receiver)) {}

std::optional<Failure> Transfer::prepare(std::uint64_t ticket, const Curl::Options& options) {
  ticket_ = ticket;
  const auto unsent = [](std::string detail, bool timed_out = false) {
    return Failure{.sent = false, .detail = std::move(detail), .timed_out = timed_out};
  };
  if (deadline_.stop().stop_requested()) {
    return Failure{.sent = false, .detail = "given up", .timed_out = false, .stopped = true};
  }
  if (auto problem = problem_with(request_)) return unsent(*std::move(problem));
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_.at() - Deadline::Steady::now());
  if (left.count() <= 0) return unsent("the deadline had passed", true);

  easy_.reset(curl_easy_init());
  if (easy_ == nullptr) throw std::bad_alloc();
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::max(options.connect_within.count(), 1L)));
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  set_connection(options);
  set_method_and_body();
  set_headers();
  if (set_up_ != CURLE_OK) return unsent(curl_easy_strerror(set_up_));
  return std::nullopt;
}

Transfer& Transfer::of(CURL* easy) {
  Transfer* transfer = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
  return *transfer;
}

void Transfer::set_connection(const Curl::Options& options) {
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) {
    set(CURLOPT_CAINFO, options.ca_file.c_str());
    set(CURLOPT_CAPATH, nullptr);  // or the system's would be trusted as well
  }
  // Otherwise a call that is given up while its host name is looked up waits for the resolver, and all others with it.
  set(CURLOPT_QUICK_EXIT, 1L);

  // libcurl itself sends a request again, a POST too, when a reused connection closes without a byte of an answer, or
  // when an HTTP/2 server refuses the stream. It asks `before_request` each time.
  set(CURLOPT_PREREQFUNCTION, &Transfer::before_request);
  set(CURLOPT_PREREQDATA, this);
  const bool reuse = may_be_repeated() || request_.reuse_connection;
  set(CURLOPT_FRESH_CONNECT, reuse ? 0L : 1L);
  set(CURLOPT_FORBID_REUSE, reuse ? 0L : 1L);
  set(CURLOPT_MAXAGE_CONN, 30L);  // s; many servers close after 60 or 75
}

void Transfer::set_method_and_body() {
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
    return;
  }
  const bool needs_length = request_.method == "POST" || request_.method == "PUT" || request_.method == "PATCH";
  if (needs_length || !request_.body.empty()) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.data());
  }
  set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void Transfer::set_headers() {
  bool has_content_type = false;
  for (const auto& [name, value] : request_.headers) {
    has_content_type = has_content_type || equals_ignoring_case(name, "Content-Type");
    // To libcurl "Name:" means without that header, and "Name;" one that is empty.
    add_header_line(value.empty() ? name + ";" : name + ": " + value);
  }
  add_header_line("Expect:");
  if (!has_content_type) add_header_line("Content-Type:");  // it would claim that a body is a form
  set(CURLOPT_HTTPHEADER, header_lines_.get());
}

void Transfer::add_header_line(const std::string& line) {
  curl_slist* longer = curl_slist_append(header_lines_.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(header_lines_.release());
  header_lines_.reset(longer);
}

int Transfer::before_request(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.sent_ && !transfer.may_be_repeated()) {
    transfer.lost_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  transfer.sent_ = true;
  return CURL_PREREQFUNC_OK;
}

std::size_t Transfer::on_body(char* bytes, std::size_t, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (count == 0) return 0;
  transfer.begin();
  switch (transfer.receiver_->take({bytes, count})) {
    case Receiver::Taken::all:
      return count;
    case Receiver::Taken::later:
      return CURL_WRITEFUNC_PAUSE;
    case Receiver::Taken::never:
      break;
  }
  return CURL_WRITEFUNC_ERROR;
}

void Transfer::finish(CURLcode code) {
  if (code != CURLE_OK) return fail(failure(code));
  begin();
  receiver_->end(elapsed());
}

void Transfer::fail(std::string detail) {
  fail(Failure{.sent = sent_, .detail = std::move(detail), .timed_out = false});
}

void Transfer::give_up() { fail(Failure{.sent = sent_, .detail = "given up", .timed_out = false, .stopped = true}); }

void Transfer::begin() {
  if (std::exchange(begun_, true)) return;
  Response head{.elapsed = elapsed()};
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  head.status = static_cast<int>(status);
  constexpr int kLastRequest = -1;
  curl_header* header = nullptr;
  while ((header = curl_easy_nextheader(easy_.get(), CURLH_HEADER, kLastRequest, header)) != nullptr) {
    head.headers.emplace_back(header->name, header->value);
  }
  receiver_->begin(std::move(head));
}

std::chrono::microseconds Transfer::elapsed() const {
  curl_off_t elapsed = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_TOTAL_TIME_T, &elapsed);
  return std::chrono::microseconds(elapsed);
}

Failure Transfer::failure(CURLcode code) const {
  Failure failure{.sent = sent_, .detail = curl_easy_strerror(code), .timed_out = code == CURLE_OPERATION_TIMEDOUT};
  if (lost_) {
    failure.detail = "no answer came, and the request is not sent twice";
  } else if (!sent_ && error_[0] != '\0') {
    // Which certificate, which host: more than the code says. Once something was sent it might quote that, or an
    // answer.
    failure.detail = error_.data();
  }
  return failure;
}

}  // namespace kriya::http::client
