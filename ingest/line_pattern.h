// The fields that the lines of a table have, and in which order they follow each other.
//
// After a field the one is expected that came after it the last time; where that does not hold, the
// field is looked up by its name. So a line costs one comparison a field when it is like those
// before it, and one look-up more for each place where the order differs.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ingest/field_pattern.h"

namespace stria::ingest {

/// Thread safety: confined to the decoder.
class LinePattern {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kMaxFields = 256;  ///< wider tables take the general path after that many
  static constexpr ptrdiff_t kReadableBytes = 64;  ///< what FindAt() may read

  bool empty() const { return fields_.empty(); }
  size_t size() const { return fields_.size(); }
  /// What must be readable where FindAt() or Matches() of any field looks.
  ptrdiff_t most_readable_bytes() const { return most_readable_bytes_; }
  const FieldPattern& operator[](uint32_t index) const { return fields_[index]; }

  /// The field that came after `previous` the last time; after none, for kNone: what came first.
  uint32_t After(uint32_t previous) const { return after_[previous + 1]; }
  void SetAfter(uint32_t previous, uint32_t index) { after_[previous + 1] = index; }

  /// The field whose name and equals sign stand at `text`; kNone if there is none.
  uint32_t FindAt(const char* text) const;
  /// The field of that name; kNone if there is none.
  uint32_t Find(std::string_view key_text) const;

  /// Distinct names, at most kMaxFields; each is expected after the one before it.
  void Assign(std::vector<FieldPattern> fields);
  void Clear() { Assign({}); }
  std::vector<FieldPattern> TakeFields() { return std::move(fields_); }

 private:
  size_t SlotOf(const char* name, size_t size) const;

  std::vector<FieldPattern> fields_;
  ptrdiff_t most_readable_bytes_ = kReadableBytes;
  std::vector<uint32_t> after_;  // By index + 1.
  std::vector<uint16_t> slots_;  // Index + 1 by hash of the name, 0 = empty.
};

}  // namespace stria::ingest
