// A vector that came out of a decoder, and the memory that its view points to.
//
// Decoders reuse the memory of the vector that they are handed: whoever decodes one vector after
// the other into the same one allocates nothing after the first few, and finds the lanes in cache.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "storage/types/vector_view.h"

namespace stria {

/// What a decoder may write past the last lane, so that it can write whole registers.
inline constexpr size_t kLaneSlackBytes = 32;

/// Bytes that hold the lanes of any vector of fixed-width values, and the slack.
inline constexpr size_t kMaxLaneBytes = kVectorRows * sizeof(uint64_t) + kLaneSlackBytes;

/// One that was moved from can only be assigned to or destroyed.
///
/// Thread safety: thread-compatible.
class DecodedVector {
 public:
  VectorView view;
  std::vector<uint8_t> validity;          ///< a byte a row, where some are NULL
  std::vector<std::string_view> strings;  ///< of kString
  std::vector<std::byte> text;            ///< what `strings` point to, unless the encoded bytes

  DecodedVector() = default;
  /// Lanes go to `memory` as long as they fit. It outlives the vector.
  explicit DecodedVector(std::span<std::byte> memory)
      : lanes_(memory.data()), capacity_(memory.size()) {}

  /// At least `num_bytes` for lanes, at the begin of a cache line unless they were lent; what they
  /// held is lost.
  std::byte* TakeLanes(size_t num_bytes) {
    if (num_bytes > capacity_) {
      owned_.reset(static_cast<std::byte*>(::operator new[](num_bytes, kLine)));
      lanes_ = owned_.get();
      capacity_ = num_bytes;
    }
    return lanes_;
  }
  std::byte* lanes() const { return lanes_; }

 private:
  static constexpr std::align_val_t kLine{64};
  struct Free {
    void operator()(std::byte* bytes) const { ::operator delete[](bytes, kLine); }
  };

  std::unique_ptr<std::byte[], Free> owned_;
  std::byte* lanes_ = nullptr;  // Of owned_, or lent.
  size_t capacity_ = 0;
};

}  // namespace stria
