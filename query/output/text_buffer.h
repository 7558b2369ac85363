// Text that grows at its end, with room made once for many small pieces.

#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace stria::query {

/// Appends to a string; the string is whole again when this dies. While this lives nobody else
/// touches it.
///
/// Thread safety: confined.
class TextBuffer {
 public:
  explicit TextBuffer(std::string& text) : text_(text), size_(text.size()) {}
  TextBuffer(const TextBuffer&) = delete;
  TextBuffer& operator=(const TextBuffer&) = delete;
  ~TextBuffer() { text_.resize(size_); }

  /// A place for up to `num_bytes`, until the next call.
  char* Room(size_t num_bytes) {
    if (text_.size() - size_ < num_bytes) {
      text_.resize(std::max(size_ + num_bytes, text_.size() * 2 + kFirstBytes));
    }
    return text_.data() + size_;
  }
  /// `end` is where the bytes that were written into Room() end.
  void Take(const char* end) { size_ = static_cast<size_t>(end - text_.data()); }

  void Append(char c) {
    *Room(1) = c;
    ++size_;
  }
  void Append(std::string_view piece) {
    std::memcpy(Room(piece.size()), piece.data(), piece.size());
    size_ += piece.size();
  }

 private:
  static constexpr size_t kFirstBytes = 4096;

  std::string& text_;
  size_t size_;
};

}  // namespace stria::query
