#include "agent/chat_request.h"

#include <algorithm>

#include "base/text.h"

namespace kriya::agent {
namespace {

using schema::FieldErrors;

void check_said(const std::string& text, FieldErrors& errors) {
  if (trim(text).empty()) errors.add("must not be empty");
  if (utf8_length(text).value_or(0) > ChatInput::kMostCharacters) {
    errors.add("must have at most " + std::to_string(ChatInput::kMostCharacters) + " characters");
  }
}

/// A string, nothing, or OpenAI's list of parts, of which the texts count.
std::string content_of(const json::object& object, FieldErrors& errors) {
  const json::value* content = object.if_contains("content");
  if (content == nullptr || content->is_null()) return {};
  if (content->is_string()) return std::string(content->get_string());
  std::string text;
  if (const json::array* parts = content->if_array()) {
    for (const json::value& part : *parts) {
      if (part.is_object()) text += text_member(part.get_object(), "text");
    }
    return text;
  }
  errors.inside("content", [&] { errors.add("must be a text"); });
  return {};
}

std::vector<ModelCall> calls_of(const json::object& object) {
  std::vector<ModelCall> calls;
  const json::value* list = object.if_contains("tool_calls");
  if (list == nullptr || !list->is_array()) return calls;
  for (const json::value& one : list->get_array()) {
    const json::object* call = one.if_object();
    const json::value* function = call == nullptr ? nullptr : call->if_contains("function");
    if (function == nullptr || !function->is_object()) continue;
    ModelCall read{.id = std::string(text_member(*call, "id")),
                   .name = std::string(text_member(function->get_object(), "name"))};
    const auto arguments = parse_json(text_member(function->get_object(), "arguments"));
    if (arguments && arguments->is_object()) read.arguments = arguments->get_object();
    if (!read.id.empty() && !read.name.empty()) calls.push_back(std::move(read));
  }
  return calls;
}

Message message_of(const json::object& object, FieldErrors& errors) {
  Message message{.content = content_of(object, errors)};
  const std::string_view role = text_member(object, "role");
  if (role == "user") return message;
  if (role == "system" || role == "developer") {
    message.content = "For your information:\n" + message.content;
  } else if (role == "assistant") {
    message.role = Role::assistant;
    message.calls = calls_of(object);
  } else if (role == "tool" || role == "function") {
    message.role = Role::tool;
    message.call_id = text_member(object, "tool_call_id");
  } else {
    errors.inside("role", [&] { errors.add("must be one of user, assistant, system, tool"); });
  }
  return message;
}

std::vector<Message> messages_of(const std::vector<json::object>& objects, FieldErrors& errors) {
  std::vector<Message> all;
  if (objects.size() > ChatInput::kMostMessages) {
    errors.add("must have at most " + std::to_string(ChatInput::kMostMessages) + " entries");
    return all;
  }
  for (std::size_t i = 0; i < objects.size(); ++i) {
    errors.inside("[" + std::to_string(i) + "]", [&] { all.push_back(message_of(objects[i], errors)); });
  }
  return all;
}

/// The index of what is said now; nullopt: nobody says anything.
std::optional<std::size_t> last_of_user(const std::vector<json::object>& objects) {
  for (std::size_t i = objects.size(); i > 0; --i) {
    if (text_member(objects[i - 1], "role") == "user") return i - 1;
  }
  return std::nullopt;
}

}  // namespace

Result<ChatInput> read_chat(const ChatRequest& request) {
  ChatInput input;
  FieldErrors errors;
  if (request.message) {
    input.said = *request.message;
    errors.inside("message", [&] { check_said(input.said, errors); });
  } else if (request.messages) {
    errors.inside("messages", [&] {
      auto all = messages_of(*request.messages, errors);
      const auto last = last_of_user(*request.messages);
      if (!last) {
        errors.add("must have a message of the role user");
      } else if (*last < all.size()) {
        input.said = std::move(all[*last].content);
        errors.inside("[" + std::to_string(*last) + "]",
                      [&] { errors.inside("content", [&] { check_said(input.said, errors); }); });
        all.resize(*last);
        input.history = std::move(all);
      }
    });
  } else {
    errors.inside("message", [&] { errors.add("is required"); });
  }
  if (!errors.empty()) return fail(std::move(errors).as_error());
  return input;
}

}  // namespace kriya::agent
