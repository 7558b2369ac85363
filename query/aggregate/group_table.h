// Rows to groups by any keys. Every key value becomes a word (strings are numbered, doubles made
// canonical, so that NaN equals NaN and -0 equals 0); NULLs are bits of one more word, and NULL
// groups with NULL.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "query/aggregate/word_table.h"
#include "query/expr/batch.h"
#include "storage/types/data_type.h"

namespace stria::query {

/// Numbers distinct strings, in the order of their first appearance.
///
/// Thread safety: thread-compatible.
class StringNumbers {
 public:
  uint32_t FindOrAdd(std::string_view text);

  /// By number. Shared with the columns that are made of it.
  const std::shared_ptr<std::vector<std::string>>& strings() const { return strings_; }
  size_t MemoryBytes() const;

 private:
  void Grow();

  std::shared_ptr<std::vector<std::string>> strings_ = std::make_shared<std::vector<std::string>>();
  std::vector<uint64_t> slots_;  // High half: of the hash. Low half: number + 1, 0 = free.
  size_t text_bytes_ = 0;
};

/// Thread safety: thread-compatible.
class GroupTable {
 public:
  explicit GroupTable(std::vector<DataType> key_types);

  /// Fills `groups[num_rows]` with the group of each row; `keys` has a column for each key.
  void FindGroups(const std::vector<const Column*>& keys, uint32_t num_rows,
                  std::vector<uint32_t>& groups);

  /// Adds the groups of `other`, which has keys of the same types: its group i is our
  /// `mapping[i]`.
  void Absorb(const GroupTable& other, std::vector<uint32_t>& mapping);

  /// Without keys: makes the only group, which is there even if no row is.
  void AddOnlyGroup();

  size_t num_groups() const { return table_.size(); }

  /// The values of one key for groups [begin, end).
  Column KeyColumn(size_t key, uint32_t begin, uint32_t end) const;

  size_t MemoryBytes() const;

 private:
  // What the codes of a dictionary are here; for as long as batches bring the same dictionary.
  struct CodeCache {
    std::shared_ptr<const void> owner;
    const std::vector<std::string>* dictionary = nullptr;
    std::vector<uint64_t> number_of;
  };

  size_t stride() const { return types_.size() + num_null_words_; }
  void FillKey(size_t key, const Column& column, uint32_t num_rows);
  void FillStrings(size_t key, const Column& column, uint32_t num_rows);
  void MarkNull(size_t key, uint64_t* words) const {
    words[types_.size() + key / 64] |= uint64_t{1} << (key % 64);
  }
  bool IsNull(size_t key, const uint64_t* words) const {
    return ((words[types_.size() + key / 64] >> (key % 64)) & 1) != 0;
  }

  std::vector<DataType> types_;
  size_t num_null_words_;
  WordTable table_;
  std::vector<StringNumbers> strings_;  // By key; of string keys.
  std::vector<CodeCache> codes_;        // By key.
  std::vector<uint64_t> words_;         // Of one batch, [num_rows * stride].
};

}  // namespace stria::query
