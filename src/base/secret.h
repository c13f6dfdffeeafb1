// A value that must never be printed.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace kriya {

/// Holds a secret string. There is no operator<<, no fmt formatter and no conversion: the only way to the text is the
/// word `reveal`, which a reader can search for. The memory is cleared when the last owner lets go.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(other.text_) { other.wipe(); }
  Secret& operator=(Secret other) noexcept {
    text_.swap(other.text_);
    return *this;
  }
  ~Secret() { wipe(); }

  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  std::size_t size() const { return text_.size(); }

 private:
  void wipe() {
    for (volatile char& c : text_) c = 0;
    text_.clear();
  }
  std::string text_;
};

}  // namespace kriya
