// What the next field of a line is expected to be: the name and type that stood there in the line
// before. Comparing a whole name costs two words for nearly all names.

#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "ingest/digits.h"
#include "storage/types/data_type.h"

namespace stria::ingest {

class FieldPattern {
 public:
  /// Expects `key_text` and an equals sign. `name` and `column` are the table builder's.
  FieldPattern(std::string_view key_text, uint32_t name, DataType type, uint32_t column)
      : name_(name), column_(column), type_(type), text_(key_text) {
    text_ += '=';
    if (text_.size() >= kWord) {
      head_ = LoadWord(text_.data());
      tail_offset_ = text_.size() - kWord;
      tail_ = LoadWord(text_.data() + tail_offset_);
    } else {
      std::memcpy(&head_, text_.data(), text_.size());
      mask_ = (uint64_t{1} << (8 * text_.size())) - 1;
      tail_ = head_;
    }
  }

  /// Does `text` begin with the name and an equals sign? Requires readable_bytes().
  bool Matches(const char* text) const {
    const uint64_t differences = (LoadWord(text) ^ head_) | (LoadWord(text + tail_offset_) ^ tail_);
    if ((differences & mask_) != 0) return false;
    return text_.size() <= 2 * kWord ||
           std::memcmp(text + kWord, text_.data() + kWord, text_.size() - 2 * kWord) == 0;
  }

  std::string_view key_text() const { return std::string_view(text_).substr(0, text_.size() - 1); }
  size_t size() const { return text_.size(); }
  size_t readable_bytes() const { return text_.size() + kWord; }
  uint32_t name() const { return name_; }
  uint32_t column() const { return column_; }
  DataType type() const { return type_; }

 private:
  static constexpr size_t kWord = sizeof(uint64_t);

  uint64_t head_ = 0;
  uint64_t tail_ = 0;
  uint64_t mask_ = ~uint64_t{0};
  size_t tail_offset_ = 0;
  uint32_t name_;
  uint32_t column_;
  DataType type_;
  std::string text_;
};

}  // namespace stria::ingest
