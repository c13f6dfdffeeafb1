#include "audit/chain_check.h"

#include <algorithm>

namespace kriya::audit {
namespace {

std::string span_of(std::uint64_t from, std::uint64_t to) {
  return from == to ? "number " + std::to_string(from) + " is missing"
                    : "numbers " + std::to_string(from) + " to " + std::to_string(to) + " are missing";
}

}  // namespace

ChainCheck::ChainCheck(Framing framing, const std::vector<ChainKey>& keys, std::optional<Link> end,
                       std::optional<Link> before)
    : framing_(framing), keys_(keys), end_(std::move(end)), before_(std::move(before)) {
  if (before_) last_ = *before_;
}

bool ChainCheck::made(const ChainedLine& line, const std::string& before) const {
  return std::ranges::any_of(keys_, [&](const ChainKey& key) { return key.made(framing_, line, before); });
}

void ChainCheck::say(const Place& place, const char* what, std::string detail) {
  breaks_.push_back({place.file, place.line, what, std::move(detail)});
}

/// What stands between two lines that follow each other is the rest of a torn write; in a gap it was a line once.
void ChainCheck::say_unreadable(bool in_a_gap) {
  for (const Place& place : unreadable_) {
    if (in_a_gap) {
      say(place, "altered", "This is no line of the log any more.");
    } else {
      say(place, "torn", "A line was not written whole, or something was put in.");
    }
  }
  unreadable_.clear();
}

bool ChainCheck::add(const std::string& file, std::uint64_t number, std::string_view text) {
  const auto line = read_chained_line(framing_, text);
  at_ = {file, number};
  if (!line) {
    unreadable_.push_back(at_);
    return false;
  }
  if (!started_) {
    const std::uint64_t first = line->link.sequence;
    // Of a file that is being removed.
    if (before_ && first <= before_->sequence) return framing_ == Framing::json && made(*line, line->previous);
    started_ = true;
    if (!before_ && first > 1) {
      last_ = {first - 1, line->previous};
      last_is_sure_ = false;
    }
  }
  return line->link.sequence <= last_.sequence ? add_late(at_, *line) : add_next(at_, *line);
}

void ChainCheck::add_unfinished(const std::string& file, std::uint64_t number) {
  unreadable_.push_back({file, number});
}

/// A line whose place was before: it fills a gap, or is there twice.
bool ChainCheck::add_late(const Place& place, const ChainedLine& line) {
  const std::uint64_t number = line.link.sequence;
  const bool sure = framing_ == Framing::json && made(line, line.previous);
  if (framing_ == Framing::json && !sure) {
    say(place, "altered", "The line's hash does not fit what it says.");
    return false;
  }
  say(place, "reordered",
      "The line is number " + std::to_string(number) + " and comes after number " + std::to_string(last_.sequence) +
          ".");
  for (std::size_t i = 0; i < gaps_.size(); ++i) {
    const Gap gap = gaps_[i];
    if (number < gap.from || number > gap.to) continue;
    gaps_.erase(gaps_.begin() + static_cast<std::ptrdiff_t>(i));
    if (number < gap.to) gaps_.push_back({number + 1, gap.to, gap.before});
    if (gap.from < number) gaps_.push_back({gap.from, number - 1, gap.before});
    break;
  }
  return sure;
}

bool ChainCheck::add_next(const Place& place, const ChainedLine& line) {
  const bool follows = line.link.sequence == last_.sequence + 1;
  const bool tells_itself = framing_ == Framing::json;
  const std::string& before = tells_itself ? line.previous : last_.hash;
  // A text after a gap, or after a line whose hash may have been changed, cannot be told good from bad by itself.
  const bool can_tell = tells_itself || (follows && last_is_sure_);
  const bool good = can_tell && made(line, before);
  if (can_tell && !good) {
    say_unreadable(false);
    say(place, "altered", "The line's hash does not fit what it says, or what stood before it.");
    // Its number is as doubtful as the rest of it.
    last_ = {last_.sequence + 1, line.link.hash};
    last_is_sure_ = false;
    return false;
  }
  say_unreadable(!follows);
  if (!follows) gaps_.push_back({last_.sequence + 1, line.link.sequence - 1, place});
  if (follows && tells_itself && last_is_sure_ && line.previous != last_.hash) {
    say(place, "altered", "The line follows another one than the one before it.");
  }
  if (end_ && line.link.sequence == end_->sequence && line.link.hash != end_->hash) {
    say(place, "altered", "The line is not the one that was written here.");
  }
  last_ = line.link;
  last_is_sure_ = good || !tells_itself;
  return good;
}

std::vector<Break> ChainCheck::finish() {
  say_unreadable(false);
  for (const Gap& gap : gaps_) {
    say(gap.before, "removed", "Before this line " + span_of(gap.from, gap.to) + ".");
  }
  if (end_ && last_.sequence < end_->sequence) {
    say(at_, "truncated", "At the end " + span_of(last_.sequence + 1, end_->sequence) + ".");
  }
  return std::move(breaks_);
}

}  // namespace kriya::audit
