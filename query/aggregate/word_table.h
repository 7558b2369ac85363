// Numbers distinct keys of a fixed number of words, in the order of their first appearance: the
// hash table below groups and distinct rows.
//
// Open addressing with linear probing over 8-byte slots (32 bits of hash, 32 of number); the keys
// themselves stand in one array, so that growing moves slots only.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stria::query {

/// Thread safety: thread-compatible.
class WordTable {
 public:
  /// `words_per_key` may be 0: then there is one key.
  explicit WordTable(size_t words_per_key) : words_per_key_(words_per_key) {}

  /// The number of the key `words[words_per_key]`; that of a new key is size() before the call.
  uint32_t FindOrAdd(const uint64_t* words);

  size_t size() const { return size_; }
  const uint64_t* KeyOf(uint32_t number) const { return keys_.data() + number * words_per_key_; }

  size_t MemoryBytes() const { return (slots_.capacity() + keys_.capacity()) * sizeof(uint64_t); }

 private:
  void Grow();

  size_t words_per_key_;
  size_t size_ = 0;
  std::vector<uint64_t> keys_;   // [size * words_per_key]
  std::vector<uint64_t> slots_;  // High half: of the hash. Low half: number + 1, 0 = free.
};

}  // namespace stria::query
