#include "ingest/line_pattern.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include <immintrin.h>

namespace stria::ingest {
namespace {

constexpr size_t kWord = sizeof(uint64_t);

}  // namespace

// By size, first and last word: a collision costs a comparison, and 256 names cannot cost many.
size_t LinePattern::SlotOf(const char* name, size_t size) const {
  uint64_t head = 0;
  uint64_t tail = 0;
  if (size >= kWord) {
    head = LoadWord(name);
    tail = LoadWord(name + size - kWord);
  } else {
    std::memcpy(&head, name, size);
  }
  const uint64_t mixed =
      (head + size) * 0x9E3779B97F4A7C15 ^ std::rotl(tail, 29) * 0xC2B2AE3D27D4EB4F;
  return static_cast<size_t>((mixed * 0x9E3779B97F4A7C15) >> 32) & (slots_.size() - 1);
}

uint32_t LinePattern::FindAt(const char* text) const {
  const __m256i equals = _mm256_set1_epi8('=');
  for (size_t offset = 0; offset < kReadableBytes; offset += sizeof(__m256i)) {
    const auto block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + offset));
    const auto found =
        static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(block, equals)));
    if (found == 0) continue;
    return Find({text, offset + static_cast<size_t>(std::countr_zero(found))});
  }
  return kNone;
}

uint32_t LinePattern::Find(std::string_view key_text) const {
  if (slots_.empty()) return kNone;
  for (size_t at = SlotOf(key_text.data(), key_text.size());; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at] == 0) return kNone;
    const uint32_t index = slots_[at] - 1U;
    if (fields_[index].key_text() == key_text) return index;
  }
}

void LinePattern::Assign(std::vector<FieldPattern> fields) {
  fields_ = std::move(fields);
  const size_t num_fields = fields_.size();
  slots_.assign(num_fields == 0 ? 0 : std::bit_ceil(2 * num_fields + 1), 0);
  after_.resize(num_fields + 1);
  for (uint32_t i = 0; i <= num_fields; ++i)
    after_[i] = i == num_fields ? 0 : i;  // What is after the last is after none.
  most_readable_bytes_ = kReadableBytes;
  for (uint32_t i = 0; i < num_fields; ++i) {
    most_readable_bytes_ =
        std::max(most_readable_bytes_, static_cast<ptrdiff_t>(fields_[i].readable_bytes()));
    const std::string_view name = fields_[i].key_text();
    size_t at = SlotOf(name.data(), name.size());
    while (slots_[at] != 0)
      at = (at + 1) & (slots_.size() - 1);
    slots_[at] = static_cast<uint16_t>(i + 1);
  }
}

}  // namespace stria::ingest
