// Where the texts of the series end, and their hashes, a few lines ahead of the decoder: with many
// series the memory that holds them is asked for while the lines before are decoded.
//
// Lines are taken to end at the next line end, which a string may hide; a text is used only if the
// decoder asks for one at its offset, so that a wrong guess costs time and nothing else.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "ingest/body_series.h"
#include "ingest/series_text.h"
#include "storage/base/bytes.h"
#include "storage/base/checksum.h"
#include "storage/engine/series_text_cache.h"

namespace stria::ingest {

/// Thread safety: confined to the decoder.
class TextsAhead {
 public:
  /// The text of a series that begins at `offset`; see SeriesTextSize() for `size`.
  struct Text {
    size_t offset = 0;
    size_t size = 0;
    uint64_t hash = 0;
  };

  /// `known` may be null; `seed` is that of the hashes then. `series` are those of the body.
  TextsAhead(std::string_view body, const BodySeries& series, const storage::KnownSeries* known,
             uint64_t seed)
      : body_(body), series_(series), known_(known), seed_(seed) {}

  Text At(size_t offset) {
    if (known_ == nullptr) return Make(offset);
    while (num_texts_ > 0 && texts_[first_].offset < offset)
      Pop();
    if (num_texts_ == 0 || texts_[first_].offset != offset) {
      num_texts_ = 0;
      Push(offset);
      depth_ = 1;  // No longer on the way from line to line.
    } else {
      depth_ = 2 * depth_ < kMaxTexts ? 2 * depth_ : kMaxTexts;
    }
    const Text text = texts_[first_];
    while (num_texts_ < depth_ && PushNext()) {
    }
    return text;
  }

  uint64_t Hash(std::string_view text) const {
    return known_ != nullptr ? known_->Hash(text) : Checksum(AsBytes(text), seed_);
  }

 private:
  static constexpr size_t kMaxTexts = 8;      // Lines of a few hundred ns each hide any miss.
  static constexpr size_t kTextDistance = 4;  // The slot has arrived, the text not yet needed.

  Text Make(size_t offset) const {
    Text text{.offset = offset, .size = 0, .hash = 0};
    text.size = SeriesTextSize(body_.data() + offset, body_.data() + body_.size());
    if (text.size != 0) text.hash = Hash(body_.substr(offset, text.size));
    return text;
  }

  void Pop() {
    first_ = (first_ + 1) % kMaxTexts;
    --num_texts_;
  }

  void Push(size_t offset) {
    const Text text = Make(offset);
    texts_[(first_ + num_texts_++) % kMaxTexts] = text;
    if (text.size != 0) known_->PrefetchSlot(text.hash);
    if (num_texts_ <= kTextDistance) return;
    const Text& nearer = texts_[(first_ + num_texts_ - 1 - kTextDistance) % kMaxTexts];
    if (nearer.size != 0 && !series_.PrefetchText(nearer.hash)) known_->PrefetchText(nearer.hash);
  }

  bool PushNext() {
    const Text& last = texts_[(first_ + num_texts_ - 1) % kMaxTexts];
    const size_t begin = last.offset + last.size;
    const void* const line_end = std::memchr(body_.data() + begin, '\n', body_.size() - begin);
    if (line_end == nullptr) return false;
    const auto next = static_cast<size_t>(static_cast<const char*>(line_end) - body_.data()) + 1;
    if (next >= body_.size()) return false;
    Push(next);
    return true;
  }

  const std::string_view body_;
  const BodySeries& series_;
  const storage::KnownSeries* const known_;
  const uint64_t seed_;
  std::array<Text, kMaxTexts> texts_;
  size_t first_ = 0;
  size_t num_texts_ = 0;
  size_t depth_ = 1;
};

}  // namespace stria::ingest
