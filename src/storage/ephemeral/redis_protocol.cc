#include "storage/ephemeral/redis_protocol.h"

#include <new>

#include <hiredis/hiredis.h>

namespace kriya::storage::ephemeral {
namespace {

// ---- hiredis builds answers through these; parts are made in place inside the array that holds them ----

Reply& place_for(const redisReadTask* task) {
  if (task->parent == nullptr) return *new Reply;
  return static_cast<Reply*>(task->parent->obj)->parts[static_cast<std::size_t>(task->idx)];
}

void* create_string(const redisReadTask* task, char* text, std::size_t size) {
  Reply& reply = place_for(task);
  reply.kind = task->type == REDIS_REPLY_ERROR    ? Reply::Kind::error
               : task->type == REDIS_REPLY_STATUS ? Reply::Kind::status
                                                  : Reply::Kind::text;
  reply.text.assign(text, size);
  return &reply;
}

void* create_array(const redisReadTask* task, int size) {
  if (size < 0 || static_cast<std::size_t>(size) > ReplyReader::kMostParts) return nullptr;
  Reply& reply = place_for(task);
  reply.kind = Reply::Kind::array;
  reply.parts.resize(static_cast<std::size_t>(size));
  return &reply;
}

void* create_integer(const redisReadTask* task, long long value) {
  Reply& reply = place_for(task);
  reply.kind = Reply::Kind::integer;
  reply.integer = value;
  return &reply;
}

void* create_nil(const redisReadTask* task) { return &place_for(task); }

void free_whole(void* reply) { delete static_cast<Reply*>(reply); }

redisReplyObjectFunctions builders{.createString = create_string,
                                   .createArray = create_array,
                                   .createInteger = create_integer,
                                   .createNil = create_nil,
                                   .freeObject = free_whole};

}  // namespace

std::string redis_command(std::initializer_list<std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* formatted = nullptr;
  const int size = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()), texts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  const std::unique_ptr<char, void (*)(char*)> owner(formatted, redisFreeCommand);
  return {formatted, static_cast<std::size_t>(size)};
}

bool Reply::is_error(std::string_view code) const {
  return is_error() && std::string_view(text).substr(0, text.find(' ')) == code;
}

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(&builders)) {
  if (!reader_) throw std::bad_alloc();
}

void ReplyReader::feed(std::string_view bytes) { redisReaderFeed(reader_.get(), bytes.data(), bytes.size()); }

tl::expected<std::optional<Reply>, std::string> ReplyReader::next() {
  void* complete = nullptr;
  if (redisReaderGetReply(reader_.get(), &complete) != REDIS_OK) {
    return tl::unexpected(std::string("its bytes are no answer: ") + reader_->errstr);
  }
  if (complete == nullptr) {
    if (reader_->len - reader_->pos > kMostUnreadBytes) return tl::unexpected(std::string("its answer has no end"));
    return std::nullopt;
  }
  const std::unique_ptr<Reply> owner(static_cast<Reply*>(complete));
  return std::move(*owner);
}

}  // namespace kriya::storage::ephemeral
