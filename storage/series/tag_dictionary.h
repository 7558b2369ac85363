// The distinct values of one tag, each with a code; codes count up from 0.
//
// Values lie one behind the other in blocks of 1,024, with 4 bytes each for where they end, and are
// found by an IdTable: a value costs its bytes and about 15 more.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "storage/series/id_table.h"

namespace stria::storage {

/// Thread safety: thread-compatible.
class TagDictionary {
 public:
  static constexpr uint32_t kNone = IdTable::kNone;
  static constexpr size_t kMaxValueBytes = 4 << 20;  ///< 1,024 of them have ends below 2^32

  uint32_t size() const { return size_; }

  /// The value of `code`; valid until a value is added.
  std::string_view operator[](uint32_t code) const {
    const Block& block = blocks_[code / kBlockValues];
    const uint32_t i = code % kBlockValues;
    const uint32_t begin = i == 0 ? 0 : block.ends[i - 1];
    return {block.text.data() + begin, block.ends[i] - begin};
  }

  /// The code of `value`; kNone if it is not there.
  uint32_t Find(std::string_view value) const;
  /// Its code, which is a new one if it is not there. Requires a value below kMaxValueBytes.
  uint32_t FindOrAdd(std::string_view value);
  /// FindOrAdd() of each, faster where there are many.
  void FindOrAdd(std::span<const std::string_view> values, std::vector<uint32_t>& codes);

  /// Adds values that are not there, under codes that count up from size(); Find() does not see
  /// them before FinishAppend(), which is false if one was there. Faster than FindOrAdd(). Requires
  /// values below kMaxValueBytes.
  void Append(std::span<const std::string_view> values);
  bool FinishAppend();

  void Reserve(size_t num_values) { codes_.Reserve(num_values); }

  void PrefetchPlace(uint32_t code) const {
    __builtin_prefetch(blocks_[code / kBlockValues].ends.data() + code % kBlockValues);
  }
  void PrefetchValue(uint32_t code) const { __builtin_prefetch((*this)[code].data()); }

  /// The bytes that all values begin with: how many.
  uint32_t common_prefix() const { return common_prefix_; }

  uint64_t bytes() const;

 private:
  static constexpr uint32_t kBlockValues = 1024;
  struct Block {
    std::vector<uint32_t> ends;
    std::vector<char> text;
  };

  uint32_t Find(std::string_view value, uint32_t hash) const;
  uint32_t Add(std::string_view value);

  std::vector<Block> blocks_;
  IdTable codes_;
  std::vector<uint64_t> appended_;  // Entries of codes_ that wait for FinishAppend().
  uint32_t size_ = 0;
  uint32_t common_prefix_ = 0;
};

}  // namespace stria::storage
