// The series of a body by their raw texts: measurement and tags as they stand in the lines.
//
// Devices report in the same order again and again, so each text remembers which one followed it
// the last time; a line begins with that one or it does not, which one comparison says. Where the
// order is another one every time the guess is not worth its cache miss, and is made now and then
// only. What was not guessed is found by the hash of its text.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

#include "ingest/text_table.h"

namespace stria::ingest {

/// Thread safety: confined to the decoder.
class BodySeries {
 public:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  /// The raw text of a series; several may be of one series.
  struct Entry {
    std::string_view text;  ///< in the body
    uint64_t hash = 0;
    uint32_t table = 0;
    uint32_t series = 0;  ///< of the table
    uint32_t successor = kNone;
  };

  const Entry& operator[](uint32_t index) const { return entries_[index]; }

  /// The series that followed the last one before, if its text and a space begin at `line`.
  uint32_t Predict(const char* line, const char* end) {
    if (last_ == kNone) return kNone;
    const uint32_t predicted = entries_[last_].successor;
    if (predicted == kNone) return kNone;
    if (num_wrong_ >= kManyWrong && ++num_wrong_ % kTryOneIn != 0) return kNone;
    const std::string_view text = entries_[predicted].text;
    const bool holds = static_cast<size_t>(end - line) > text.size() &&
                       std::memcmp(line, text.data(), text.size()) == 0 && line[text.size()] == ' ';
    num_wrong_ = holds ? 0 : num_wrong_ + 1;
    return holds ? predicted : kNone;
  }

  /// The entry of `text`, whose hash is given; kNone if there is none.
  uint32_t Find(std::string_view text, uint64_t hash) const {
    return by_hash_.Find(hash, [&](uint32_t index) { return entries_[index].text == text; });
  }

  /// Adds a text that is not there.
  uint32_t Add(const Entry& entry) {
    const auto index = static_cast<uint32_t>(entries_.size());
    entries_.push_back(entry);
    by_hash_.Insert(entry.hash, index, [&](uint32_t other) { return entries_[other].hash; });
    return index;
  }

  /// The line under way is of the series `index`.
  void Follow(uint32_t index) {
    if (last_ != kNone) entries_[last_].successor = index;
    last_ = index;
  }

  /// Asks for the memory of the text that Find() will compare; false if there is none.
  bool PrefetchText(uint64_t hash) const {
    const uint32_t index = by_hash_.Find(hash, [](uint32_t) { return true; });
    if (index == kNone) return false;
    constexpr size_t kLine = 64;
    const char* const text = entries_[index].text.data();
    for (size_t line = 0; line < 3; ++line)
      __builtin_prefetch(text + line * kLine);
    return true;
  }

 private:
  static constexpr uint32_t kManyWrong = 8;  // Guesses, both.
  static constexpr uint32_t kTryOneIn = 16;

  std::vector<Entry> entries_;
  TextTable by_hash_;
  uint32_t last_ = kNone;
  uint32_t num_wrong_ = 0;  // Predictions, one after the other.
};

}  // namespace stria::ingest
