#include "cli/agent_account.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/terminal_text.h"
#include "phone/phone_number.h"

namespace kriya::cli {
namespace {

constexpr std::chrono::seconds kServerPatience{30};  // for one answer of the server
constexpr std::chrono::minutes kSpare{1};            // a token that ends sooner is renewed first
constexpr int kMostTries = 3;                        // to type a number and a name that the server takes

const json::object* object_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

json::object read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  const auto document = parse_json(text);
  return document && document->is_object() ? document->get_object() : json::object();
}

/// Whole or not at all, and never readable by others.
bool write_file(const std::filesystem::path& file, const std::string& text) {
  const std::string beside = file.string() + ".new";
  ::unlink(beside.c_str());
  const int made = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (made < 0) return false;
  const bool written = ::write(made, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(made);
  return written && ::rename(beside.c_str(), file.c_str()) == 0;
}

/// Whether a problem document finds fault with this field.
bool is_about(const json::object& body, std::string_view field) {
  const json::value* errors = body.if_contains("errors");
  if (errors == nullptr || !errors->is_array()) return false;
  for (const json::value& error : errors->get_array()) {
    if (error.is_object() && text_member(error.get_object(), "field") == field) return true;
  }
  return false;
}

/// A problem document's words. Those on a field that its detail says already are said once.
Error refusal(const json::object& body, int status) {
  std::string words(text_member(body, "detail"));
  if (words.empty()) words = text_member(body, "title");
  if (words.empty()) words = "The server answers with status " + std::to_string(status) + ".";
  if (const json::value* errors = body.if_contains("errors"); errors != nullptr && errors->is_array()) {
    for (const json::value& error : errors->get_array()) {
      if (!error.is_object()) continue;
      const std::string about = std::string(text_member(error.get_object(), "field")) + ' ' +
                                std::string(text_member(error.get_object(), "message"));
      if (words.find(about) == std::string::npos) words += ' ' + about;
    }
  }
  return Error{.code = status == 429 ? Errc::too_many_requests : Errc::bad_request,
               .detail = terminal_line(words, 500)};
}

tl::unexpected<Error> nobody_to_ask() {
  return fail(Errc::missing_token,
              "There is no sign-in for this server, and nobody to ask: start kriya agent once at a terminal, where "
              "--phone gives the number, or use --token-file or KRIYA_TOKEN.");
}

}  // namespace

std::optional<KeptSignIn> KeptSignIns::find(const std::string& server) const {
  if (file_.empty()) return std::nullopt;
  const json::object document = read_file(file_);
  const json::object* servers = object_of(document, "servers");
  const json::object* entry = servers == nullptr ? nullptr : object_of(*servers, server);
  if (entry == nullptr) return std::nullopt;
  const auto expires = parse_rfc3339(text_member(*entry, "expires_at"));
  return KeptSignIn{.token = Secret(std::string(text_member(*entry, "token"))),
                    .refresh_token = Secret(std::string(text_member(*entry, "refresh_token"))),
                    .expires_at = expires.value_or(Timestamp{})};
}

Result<void> KeptSignIns::keep(const std::string& server, const std::optional<KeptSignIn>& sign_in) const {
  if (file_.empty()) return {};
  json::object document = read_file(file_);
  json::value& servers = document["servers"];
  if (!servers.is_object()) servers = json::object();
  if (sign_in) {
    servers.get_object()[server] = {{"token", sign_in->token.reveal()},
                                    {"refresh_token", sign_in->refresh_token.reveal()},
                                    {"expires_at", to_rfc3339(sign_in->expires_at)}};
  } else {
    servers.get_object().erase(server);
  }
  if (!write_file(file_, write_json(document) + "\n")) {
    return fail(Errc::internal, "The sign-in cannot be kept in " + file_.string() + ".");
  }
  return {};
}

std::filesystem::path agent_folder() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  std::filesystem::path folder;
  if (config != nullptr && *config == '/') {
    folder = config;
  } else if (home != nullptr && *home != '\0') {
    std::error_code absent;
    if (!std::filesystem::is_directory(home, absent)) return {};
    folder = std::filesystem::path(home) / ".config";
  } else {
    return {};
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  folder /= "kriya";
  ::mkdir(folder.c_str(), 0700);
  return folder;
}

SignIn::SignIn(http::client::Client& http, const KeptSignIns& kept, const Clock& clock, AskPerson ask,
               std::function<void(const std::string&)> say, Options options)
    : http_(http),
      kept_(kept),
      clock_(clock),
      ask_(std::move(ask)),
      say_(std::move(say)),
      options_(std::move(options)) {}

Task<Result<Secret>> SignIn::token() {
  if (options_.phone.empty()) {
    auto kept = co_await kept_token();
    if (!kept) co_return fail(kept.error());
    if (*kept) co_return **std::move(kept);
  }
  co_return co_await by_phone();
}

Task<Result<Secret>> SignIn::token_instead_of(Secret refused) {
  // Another program may have signed in anew meanwhile; that one's token is a good one.
  if (auto kept = kept_.find(options_.url); kept && kept->token.reveal() == refused.reveal()) {
    kept->token = Secret();
    kept->expires_at = {};
    static_cast<void>(kept_.keep(options_.url, kept));
  }
  co_return co_await token();
}

Task<Result<std::optional<Secret>>> SignIn::kept_token() {
  const auto kept = kept_.find(options_.url);
  if (!kept) co_return std::optional<Secret>();
  if (!kept->token.empty() && kept->expires_at > clock_.now() + kSpare) co_return std::optional<Secret>(kept->token);
  if (!kept->refresh_token.empty()) {
    const auto answer = co_await post("/api/auth/refresh", {{"refresh_token", kept->refresh_token.reveal()}});
    if (!answer) co_return fail(answer.error());
    if (answer->status == 200) {
      auto token = take(answer->body);
      if (!token) co_return fail(token.error());
      co_return std::optional<Secret>(*std::move(token));
    }
    if (answer->status != 401) co_return fail(refusal(answer->body, answer->status));
  }
  static_cast<void>(kept_.keep(options_.url, std::nullopt));
  say_("The last sign-in is over.");
  co_return std::optional<Secret>();
}

// What the server does not take is asked for again; what cannot be a number, before the name.
Task<Result<Secret>> SignIn::by_phone() {
  std::string phone = options_.phone;
  std::optional<std::string> name;
  std::optional<Error> problem;
  std::string complaint;  // the problem's words, until a question has shown them
  const auto refuse = [&problem, &complaint](Error error) {
    complaint = error.detail + "\n";
    problem = std::move(error);
  };
  for (int tries = 0; tries < kMostTries; ++tries) {
    if (phone.empty()) {
      const auto typed = ask_(std::exchange(complaint, {}) + "Phone number, such as +14155550123" +
                              (options_.is_local ? " (just Enter: the demo identity): " : ": "));
      if (!typed) co_return problem ? fail(*std::move(problem)) : nobody_to_ask();
      phone = trim(*typed);
      if (phone.empty() && options_.is_local) co_return co_await demo();
      if (phone.empty()) co_return fail(Errc::missing_token, "Without a phone number there is no sign-in.");
    }
    if (const auto number = PhoneNumber::parse(phone); !number) {
      refuse({.code = Errc::bad_request, .detail = "The phone number " + number.error() + "."});
      phone.clear();
      continue;
    }
    if (!name) name = ask_(std::exchange(complaint, {}) + "First name (an account that exists keeps its own): ");
    if (!name) co_return problem ? fail(*std::move(problem)) : nobody_to_ask();
    const std::string given(trim(*name));
    auto answer =
        co_await post("/api/auth/register", {{"phone_number", phone}, {"first_name", given.empty() ? "Kriya" : given}});
    if (!answer) co_return fail(answer.error());
    const bool bad_phone = answer->status == 422 && is_about(answer->body, "phone_number");
    const bool bad_name = answer->status == 422 && is_about(answer->body, "first_name");
    if (!bad_phone && !bad_name) co_return co_await registered(*std::move(answer));
    refuse(refusal(answer->body, answer->status));
    if (bad_phone) phone.clear();
    if (bad_name) name.reset();
  }
  co_return fail(*std::move(problem));
}

Task<Result<Secret>> SignIn::registered(Answer answer) {
  if (answer.status == 200) co_return take(answer.body);
  const json::object* verification = object_of(answer.body, "verification");
  if (answer.status != 202 || verification == nullptr) co_return fail(refusal(answer.body, answer.status));
  co_return co_await by_code(std::string(text_member(*verification, "id")),
                             "Code sent to " + terminal_line(text_member(*verification, "phone_number"), 40) + ": ");
}

Task<Result<Secret>> SignIn::by_code(std::string verification_id, std::string question) {
  for (;;) {
    const auto code = ask_(question);
    if (!code) co_return nobody_to_ask();
    const std::string typed(trim(*code));
    if (typed.empty()) continue;
    const auto answer = co_await post("/api/auth/verify", {{"verification_id", verification_id}, {"code", typed}});
    if (!answer) co_return fail(answer.error());
    if (answer->status == 200) co_return take(answer->body);
    const Error error = refusal(answer->body, answer->status);
    const json::value* left = answer->body.if_contains("attempts_left");
    const bool may_try_again = left != nullptr && left->is_int64() && left->get_int64() > 0;
    if (answer->status == 422 || (answer->status == 401 && may_try_again)) {
      say_(error.detail);
      continue;
    }
    co_return fail(error);
  }
}

Task<Result<Secret>> SignIn::demo() {
  const auto answer = co_await post("/auth/token", {});
  if (!answer) co_return fail(answer.error());
  const std::string token(text_member(answer->body, "access_token"));
  if (answer->status != 200 || token.empty()) {
    co_return fail(Errc::missing_token, "This server has no demo identity: sign in with a phone number.");
  }
  say_("This is the demo identity: only harmless tools are there. Sign in with a phone number for the others.");
  co_return Secret(token);
}

Result<Secret> SignIn::take(const json::object& answer) {
  KeptSignIn sign_in{.token = Secret(std::string(text_member(answer, "token"))),
                     .refresh_token = Secret(std::string(text_member(answer, "refresh_token"))),
                     .expires_at = parse_rfc3339(text_member(answer, "expires_at")).value_or(clock_.now())};
  if (sign_in.token.empty())
    return fail(Errc::bad_request, "The server's answer has no token: is this a Kriya server?");
  if (auto kept = kept_.keep(options_.url, sign_in); !kept) say_(kept.error().detail);
  return sign_in.token;
}

Task<Result<SignIn::Answer>> SignIn::post(std::string path, json::object body) {
  http::client::Request request{.method = "POST", .url = options_.url + path};
  if (!body.empty()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = write_json(body);
  }
  const auto answer = co_await http_.send(std::move(request), Deadline::after(kServerPatience));
  if (!answer) {
    co_return fail(Errc::unavailable, "The server at " + options_.url + " cannot be reached: " + answer.error().detail);
  }
  const auto document = parse_json(answer->body);
  co_return Answer{.status = answer->status,
                   .body = document && document->is_object() ? document->get_object() : json::object()};
}

}  // namespace kriya::cli
