#include "storage/series/tag_dictionary.h"

#include <algorithm>
#include <utility>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/checksum.h"

namespace stria::storage {
namespace {

constexpr size_t kBatch = 16;

uint32_t HashOf(std::string_view value) {
  return static_cast<uint32_t>(Checksum(AsBytes(value)));
}

uint32_t CommonPrefix(std::string_view a, std::string_view b) {
  const auto [end, other] = std::ranges::mismatch(a, b);
  return static_cast<uint32_t>(end - a.begin());
}

}  // namespace

uint32_t TagDictionary::Find(std::string_view value, uint32_t hash) const {
  return codes_.Find(hash, [&](uint32_t code) { return (*this)[code] == value; });
}

uint32_t TagDictionary::Find(std::string_view value) const {
  return Find(value, HashOf(value));
}

uint32_t TagDictionary::FindOrAdd(std::string_view value) {
  const uint32_t hash = HashOf(value);
  const uint32_t code = Find(value, hash);
  if (code != kNone) return code;
  codes_.Insert(hash, size_);
  return Add(value);
}

void TagDictionary::Append(std::span<const std::string_view> values) {
  for (const std::string_view value : values)
    appended_.push_back(IdTable::EntryOf(HashOf(value), Add(value)));
}

bool TagDictionary::FinishAppend() {
  const auto appended = std::exchange(appended_, {});
  return codes_.InsertAll(appended,
                          [&](uint32_t a, uint32_t b) { return (*this)[a] == (*this)[b]; });
}

void TagDictionary::FindOrAdd(std::span<const std::string_view> values,
                              std::vector<uint32_t>& codes) {
  codes.resize(values.size());
  for (size_t begin = 0; begin < values.size(); begin += kBatch) {
    const size_t end = std::min(values.size(), begin + kBatch);
    uint32_t hashes[kBatch];
    for (size_t i = begin; i < end; ++i) {
      hashes[i - begin] = HashOf(values[i]);
      codes_.Prefetch(hashes[i - begin]);
    }
    for (size_t i = begin; i < end; ++i) {
      codes[i] = Find(values[i], hashes[i - begin]);
      if (codes[i] != kNone) continue;
      codes_.Insert(hashes[i - begin], size_);
      codes[i] = Add(values[i]);
    }
  }
}

uint32_t TagDictionary::Add(std::string_view value) {
  STRIA_CHECK(value.size() < kMaxValueBytes);
  const uint32_t code = size_++;
  if (code % kBlockValues == 0) {
    if (!blocks_.empty()) blocks_.back().text.shrink_to_fit();
    blocks_.emplace_back();
  }
  Block& block = blocks_.back();
  block.text.insert(block.text.end(), value.begin(), value.end());
  block.ends.push_back(static_cast<uint32_t>(block.text.size()));
  common_prefix_ = code == 0 ? static_cast<uint32_t>(value.size())
                             : std::min(common_prefix_, CommonPrefix(value, (*this)[0]));
  return code;
}

uint64_t TagDictionary::bytes() const {
  uint64_t bytes =
      codes_.bytes() + blocks_.capacity() * sizeof(Block) + appended_.capacity() * sizeof(uint64_t);
  for (const Block& block : blocks_)
    bytes += block.ends.capacity() * sizeof(uint32_t) + block.text.capacity();
  return bytes;
}

}  // namespace stria::storage
