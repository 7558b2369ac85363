#include "storage/format/overlap_set.h"

#include <memory>

#include <roaring/roaring.h>

#include "storage/base/errors.h"

namespace stria::storage {
namespace {

using BitmapPtr = std::unique_ptr<roaring_bitmap_t, decltype(&roaring_bitmap_free)>;

}  // namespace

std::vector<std::byte> EncodeOverlapSet(std::span<const uint32_t> runs) {
  const BitmapPtr bitmap(roaring_bitmap_of_ptr(runs.size(), runs.data()), &roaring_bitmap_free);
  roaring_bitmap_run_optimize(bitmap.get());
  std::vector<std::byte> encoded(roaring_bitmap_portable_size_in_bytes(bitmap.get()));
  roaring_bitmap_portable_serialize(bitmap.get(), reinterpret_cast<char*>(encoded.data()));
  return encoded;
}

Result<std::vector<uint8_t>> DecodeOverlapSet(std::span<const std::byte> encoded,
                                              uint64_t num_runs) {
  const auto* bytes = reinterpret_cast<const char*>(encoded.data());
  const BitmapPtr bitmap(roaring_bitmap_portable_deserialize_safe(bytes, encoded.size()),
                         &roaring_bitmap_free);
  if (bitmap == nullptr) return Corruption("an overlap set that is no bitmap");
  std::vector<uint8_t> listed;
  if (roaring_bitmap_is_empty(bitmap.get())) return listed;
  listed.resize(num_runs, 0);
  roaring_uint32_iterator_t iterator;
  for (roaring_init_iterator(bitmap.get(), &iterator); iterator.has_value;
       roaring_advance_uint32_iterator(&iterator)) {
    if (iterator.current_value >= num_runs) {
      return Corruption("an overlap set that names run {} of {}", iterator.current_value, num_runs);
    }
    listed[iterator.current_value] = 1;
  }
  return listed;
}

}  // namespace stria::storage
