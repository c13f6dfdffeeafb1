#include "agent/completion_assembler.h"

#include <algorithm>

#include "base/text.h"

namespace kriya::agent {
namespace {

std::optional<std::int64_t> number_in(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  boost::system::error_code error;
  const auto number = found->to_number<std::int64_t>(error);
  return error ? std::nullopt : std::optional(number);
}

/// The provider's own words stay unsaid: some of them quote the key.
Error reported(const json::value& error) {
  const json::object* object = error.if_object();
  if (object != nullptr) {
    for (const std::string_view member : {"code", "type", "status"}) {
      const std::string_view word = text_member(*object, member);
      if (number_in(*object, member) == 429 || word.starts_with("rate_limit") || word.starts_with("overloaded")) {
        return {Errc::overloaded, "The model provider is busy."};
      }
    }
  }
  return {Errc::model_unavailable, "The model provider reported an error."};
}

/// A part of the text. Most send a string; some an array of parts.
std::string text_of(const json::object& message) {
  if (const json::array* parts = array_member(message, "content")) {
    std::string text;
    for (const json::value& part : *parts) {
      if (part.is_object()) text += text_member(part.get_object(), "text");
    }
    return text;
  }
  return std::string(text_member(message, "content"));
}

bool is_object_text(std::string_view text) {
  const auto parsed = parse_json(text);
  return parsed && parsed->is_object();
}

/// What a slot came to. Some servers encode the object twice.
ModelCall call_of(std::string id, std::string name, std::string text) {
  ModelCall call{.id = std::move(id), .name = std::move(name)};
  const std::string_view trimmed = trim(text);
  if (trimmed.empty() || trimmed == "null") return call;
  auto parsed = parse_json(trimmed);
  if (parsed && parsed->is_string()) parsed = parse_json(std::string(parsed->get_string()));
  if (parsed && parsed->is_object()) {
    call.arguments = std::move(parsed->get_object());
  } else {
    call.broken = std::move(text);
  }
  return call;
}

}  // namespace

Result<std::optional<std::string>> CompletionAssembler::take(std::string_view data) {
  const std::string_view text = trim(data);
  if (text.empty() || done_) return std::nullopt;
  if (text == "[DONE]") {
    done_ = true;
    return std::nullopt;
  }
  const auto parsed = parse_json(text);
  const json::object* chunk = parsed ? parsed->if_object() : nullptr;
  if (chunk == nullptr) return fail(Errc::model_unavailable, "The model provider sent what is no JSON.");
  if (const json::value* error = chunk->if_contains("error"); error != nullptr && !error->is_null()) {
    return fail(reported(*error));
  }
  if (const json::object* usage = object_member(*chunk, "usage")) take_usage(*usage);
  const json::array* choices = array_member(*chunk, "choices");
  if (choices == nullptr || choices->empty() || !choices->front().is_object()) return std::nullopt;
  return take_choice(choices->front().get_object());
}

Result<std::optional<std::string>> CompletionAssembler::take_choice(const json::object& choice) {
  if (const std::string_view reason = text_member(choice, "finish_reason"); !reason.empty()) reason_ = reason;
  const json::object* delta = object_member(choice, "delta");
  const bool whole = delta == nullptr;  // an answer that was not streamed has a message instead
  if (whole) delta = object_member(choice, "message");
  if (delta == nullptr) return std::nullopt;
  if (const json::array* calls = array_member(*delta, "tool_calls")) {
    for (const json::value& call : *calls) {
      if (!call.is_object()) continue;
      if (auto taken = take_call(call.get_object(), whole); !taken) return fail(std::move(taken.error()));
    }
  }
  std::string text = text_of(*delta);
  text_bytes_ += text.size();
  if (text_bytes_ > kMostTextBytes) return fail(Errc::model_unavailable, "The model's answer is too long.");
  if (text.empty()) return std::nullopt;
  return text;
}

Result<void> CompletionAssembler::take_call(const json::object& call, bool whole) {
  const json::object* function = object_member(call, "function");
  const std::string_view name = function == nullptr ? std::string_view() : text_member(*function, "name");
  Slot& slot = slot_for(number_in(call, "index"), text_member(call, "id"), name, whole);
  if (slots_.size() > kMostCalls) return fail(Errc::model_unavailable, "The model asked for too many calls at once.");
  if (slot.name.empty()) slot.name = name;
  if (slot.id.empty()) slot.id = text_member(call, "id");
  const json::value* arguments = function == nullptr ? nullptr : function->if_contains("arguments");
  if (arguments == nullptr || arguments->is_null()) return {};
  const std::size_t before = slot.arguments.size();
  if (const json::string* piece = arguments->if_string()) {
    slot.arguments += *piece;
  } else {
    slot.arguments = write_json(*arguments);
  }
  argument_bytes_ += slot.arguments.size() - std::min(before, slot.arguments.size());
  if (argument_bytes_ > kMostArgumentBytes) {
    return fail(Errc::model_unavailable, "The model's arguments are too long.");
  }
  return {};
}

// Neither index nor id can be trusted alone: several servers give every parallel call index 0, others give no ids, or
// none after the first piece. So a new id with a name begins a call; so does, without an id, a name after a call that
// is whole already or has another name.
CompletionAssembler::Slot& CompletionAssembler::slot_for(std::optional<std::int64_t> index, std::string_view id,
                                                         std::string_view name, bool whole) {
  const auto begin = [&]() -> Slot& {
    return slots_.emplace_back(Slot{.index = index, .id = {}, .name = {}, .arguments = {}});
  };
  if (whole || slots_.empty()) return begin();
  if (!id.empty()) {
    const auto same = std::ranges::find_if(slots_, [&](const Slot& slot) { return slot.id == id; });
    if (same != slots_.end()) return *same;
  }
  const auto last =
      std::find_if(slots_.rbegin(), slots_.rend(), [&](const Slot& slot) { return !index || slot.index == index; });
  if (last == slots_.rend()) return begin();
  if (name.empty()) return *last;
  if (!id.empty() && !last->id.empty()) return begin();
  if (!last->name.empty() && (last->name != name || is_object_text(last->arguments))) return begin();
  return *last;
}

void CompletionAssembler::take_usage(const json::object& usage) {
  const Usage counted{.prompt = std::max<std::int64_t>(number_in(usage, "prompt_tokens").value_or(0), 0),
                      .completion = std::max<std::int64_t>(number_in(usage, "completion_tokens").value_or(0), 0)};
  constexpr std::int64_t kBelievable = 1'000'000'000;
  if (counted.prompt > kBelievable || counted.completion > kBelievable) return;
  if (counted.prompt > 0 || counted.completion > 0) usage_ = counted;  // some count on in every chunk
}

Result<std::vector<ModelEvent>> CompletionAssembler::finish() {
  if (!done_ && !reason_) return fail(Errc::model_unavailable, "The model's answer broke off.");
  std::vector<ModelEvent> events;
  for (Slot& slot : slots_) {
    events.emplace_back(call_of(std::move(slot.id), std::move(slot.name), std::move(slot.arguments)));
  }
  slots_.clear();
  if (usage_) events.emplace_back(*usage_);
  events.emplace_back(Finished{reason_.value_or("")});
  return events;
}

}  // namespace kriya::agent
