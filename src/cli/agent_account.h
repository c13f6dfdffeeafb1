// A person's sign-in at a Kriya server from the command line, kept for the next start.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/time.h"
#include "http/client/client.h"

namespace kriya::cli {

/// What is kept of a sign-in.
struct KeptSignIn {
  Secret token;
  Secret refresh_token;  // empty: the server gave none
  Timestamp expires_at;  // of the token
};

/// `agent.json` in a folder of the person's own, mode 0600; one entry a server. Without a file nothing is kept.
class KeptSignIns {
 public:
  explicit KeptSignIns(std::filesystem::path file) : file_(std::move(file)) {}

  /// None is there, or the file cannot be read.
  std::optional<KeptSignIn> find(const std::string& server) const;

  /// Errors: internal, when the file cannot be written.
  Result<void> keep(const std::string& server, const std::optional<KeptSignIn>& sign_in) const;

 private:
  std::filesystem::path file_;
};

/// `$XDG_CONFIG_HOME/kriya`, or `~/.config/kriya`, made with mode 0700; empty: there is no home, and none is made.
std::filesystem::path agent_folder();

/// Asks the person; nullopt: there is nobody, or no answer. The answers are secrets in part, and kept nowhere.
using AskPerson = std::function<std::optional<std::string>(const std::string& question)>;

class SignIn {
 public:
  struct Options {
    std::string url;         // of the server, without a slash at its end
    std::string phone = {};  // empty: the person is asked
    bool is_local = false;   // the demo identity may be offered
  };

  /// All references must outlive this. `say` is for what a person should know.
  SignIn(http::client::Client& http, const KeptSignIns& kept, const Clock& clock, AskPerson ask,
         std::function<void(const std::string&)> say, Options options);

  /// The kept sign-in, renewed where it is old; else by phone and code. Errors: in words for the person.
  Task<Result<Secret>> token();

  /// The same after the server refused this token: its sign-in was ended elsewhere, and it is forgotten.
  Task<Result<Secret>> token_instead_of(Secret refused);

 private:
  struct Answer {
    int status;
    json::object body;
  };

  Task<Result<std::optional<Secret>>> kept_token();
  Task<Result<Secret>> by_phone();
  Task<Result<Secret>> registered(Answer answer);
  Task<Result<Secret>> by_code(std::string verification_id, std::string question);
  Task<Result<Secret>> demo();
  Result<Secret> take(const json::object& answer);

  Task<Result<Answer>> post(std::string path, json::object body);

  http::client::Client& http_;
  const KeptSignIns& kept_;
  const Clock& clock_;
  const AskPerson ask_;
  const std::function<void(const std::string&)> say_;
  const Options options_;
};

}  // namespace kriya::cli
