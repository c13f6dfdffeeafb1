#include "agent/chat_endpoints.h"
#include "agent/conversation_view.h"
#include "base/text.h"

namespace kriya::agent {
namespace {

using http::Caller;
using http::Method;
using http::RateLimit;
using http::Request;
using http::Response;

constexpr const char* kConversationsTag = "Conversations";
constexpr std::int64_t kMostOnAPage = 100;
constexpr std::int64_t kMostShown = 500;  // messages; an export has all

const RateLimit kLimit{.name = "conversations", .scope = RateLimit::Scope::address, .requests = 1'200};

Task<Result<ConversationPage>> list(ConversationStore* store, std::string owner, ConversationQuery query,
                                    Deadline deadline) {
  const std::int64_t limit = query.limit.value_or(30);
  if (limit < 1 || limit > kMostOnAPage) {
    co_return fail(Error{Errc::invalid_fields,
                         "The request has invalid fields.",
                         {{"limit", "must be from 1 to " + std::to_string(kMostOnAPage)}}});
  }
  auto found = co_await store->list(std::move(owner), query.before, limit + 1, std::move(deadline));
  if (!found) co_return fail(found.error());
  ConversationPage page;
  if (found->size() > static_cast<std::size_t>(limit)) {
    found->pop_back();
    page.next = found->back().id;
  }
  for (const Conversation& one : *found) page.conversations.push_back(summary_of(one));
  co_return page;
}

Task<Result<ConversationDetail>> show(ConversationStore* store, std::string owner, Uuid id, std::int64_t most,
                                      Deadline deadline) {
  const auto found = co_await store->find(id, owner, deadline);
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(no_such_conversation());
  const auto messages = co_await store->messages(id, std::move(owner), most, deadline);
  if (!messages) co_return fail(messages.error());
  co_return detail_of(**found, *messages);
}

Task<Result<ConversationSummary>> rename(ConversationStore* store, std::string owner, RenameRequest request,
                                         Deadline deadline) {
  const auto renamed = co_await store->rename(request.id, owner, request.title.str(), deadline);
  if (!renamed) co_return fail(renamed.error());
  const auto found = co_await store->find(request.id, std::move(owner), deadline);
  if (!found) co_return fail(found.error());
  if (!*renamed || !*found) co_return fail(no_such_conversation());
  co_return summary_of(**found);
}

Task<Result<ConversationDeleted>> remove(ConversationStore* store, LiveTurns* turns, std::string owner, Uuid id,
                                         Deadline deadline) {
  const auto removed = co_await store->remove(id, owner, std::move(deadline));
  if (!removed) co_return fail(removed.error());
  if (!*removed) co_return fail(no_such_conversation());
  // What it still wanted to do must not be done. Only now, since no other turn can begin in it any more.
  co_await turns->end(std::move(owner), id);
  co_return ConversationDeleted{true, "Conversation deleted"};
}

Task<Response> run_export(ConversationStore* store, const Request& request, const Caller& caller) {
  const auto query = http::read_input<ExportQuery>(request, caller);
  if (!query) co_return http::problem_response(query.error(), caller.request_id);
  const std::string format = query->format.value_or("json");
  if (format != "json" && format != "markdown") {
    const Error wrong{
        Errc::invalid_fields, "The request has invalid fields.", {{"format", "must be one of json, markdown"}}};
    co_return http::problem_response(wrong, caller.request_id);
  }
  const auto found =
      co_await show(store, owner_of(*caller.principal), query->id, ConversationStore::kMostMessages, caller.deadline);
  if (!found) co_return http::problem_response(found.error(), caller.request_id);
  const bool markdown = format == "markdown";
  Response response;
  if (markdown) response.content_type = "text/markdown; charset=utf-8";
  response.body = markdown ? as_markdown(*found) : schema::write(*found);
  response.add_header("Content-Disposition",
                      "attachment; filename=\"conversation-" + found->id.str() + (markdown ? ".md\"" : ".json\""));
  response.add_header("Cache-Control", "no-store");
  co_return response;
}

void add_export(http::Router& router, const http::AccessRule& browser, ConversationStore& store) {
  auto route = http::make_route(
      Method::get, "/api/conversations/{id}/export",
      http::Endpoint<ExportQuery, ConversationDetail>{.summary = "A whole conversation as a file",
                                                      .description = "`format`: json (the default) or markdown.",
                                                      .tag = kConversationsTag,
                                                      .access = {browser},
                                                      .limits = {kLimit},
                                                      .errors = {Errc::not_found, Errc::unavailable},
                                                      .other_types = {"text/markdown"},
                                                      .handle = {}});
  route.run = [&store](const Request& request, const Caller& caller) { return run_export(&store, request, caller); };
  router.add(std::move(route));
}

}  // namespace

Parsed<ConversationTitle> ConversationTitle::parse(std::string_view text) {
  const std::string_view trimmed = trim(text);
  const auto length = utf8_length(trimmed);
  if (!length || *length < kMinLength || *length > kMaxLength || has_control_character(trimmed)) {
    return tl::unexpected("must have " + std::string(kDescription));
  }
  ConversationTitle title;
  title.text_ = trimmed;
  return title;
}

void add_conversation_endpoints(http::Router& router, const http::AccessRule& browser, ConversationStore& store,
                                LiveTurns& turns) {
  const std::vector<Errc> errors = {Errc::not_found, Errc::unavailable};
  router.add(Method::get, "/api/conversations",
             http::Endpoint<ConversationQuery, ConversationPage>{
                 .summary = "The caller's conversations, the latest first",
                 .tag = kConversationsTag,
                 .access = {browser},
                 .limits = {kLimit},
                 .errors = {Errc::unavailable},
                 .handle =
                     [&store](const ConversationQuery& query, const Caller& caller) {
                       return list(&store, owner_of(*caller.principal), query, caller.deadline);
                     },
             });
  router.add(Method::get, "/api/conversations/{id}",
             http::Endpoint<ConversationPath, ConversationDetail>{
                 .summary = "One conversation and its latest messages, oldest first",
                 .tag = kConversationsTag,
                 .access = {browser},
                 .limits = {kLimit},
                 .errors = errors,
                 .handle =
                     [&store](const ConversationPath& path, const Caller& caller) {
                       return show(&store, owner_of(*caller.principal), path.id, kMostShown, caller.deadline);
                     },
             });
  router.add(Method::patch, "/api/conversations/{id}",
             http::Endpoint<RenameRequest, ConversationSummary>{
                 .summary = "Give a conversation another title",
                 .tag = kConversationsTag,
                 .access = {browser},
                 .limits = {kLimit},
                 .errors = errors,
                 .handle =
                     [&store](const RenameRequest& request, const Caller& caller) {
                       return rename(&store, owner_of(*caller.principal), request, caller.deadline);
                     },
             });
  router.add(Method::delete_, "/api/conversations/{id}",
             http::Endpoint<ConversationPath, ConversationDeleted>{
                 .summary = "Delete a conversation for good",
                 .description = "An answer that is on its way in it is stopped, and a call that waits for an approval "
                                "is not made.",
                 .tag = kConversationsTag,
                 .access = {browser},
                 .limits = {kLimit},
                 .errors = errors,
                 .handle =
                     [&store, &turns](const ConversationPath& path, const Caller& caller) {
                       return remove(&store, &turns, owner_of(*caller.principal), path.id, caller.deadline);
                     },
             });
  add_export(router, browser, store);
}

}  // namespace kriya::agent
