// Text that rows are written into, without filling it with zeros first as a std::string would.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "bench/workload/workload.h"

namespace stria::bench {

/// Thread safety: thread-compatible.
class RowBuffer {
 public:
  /// Appends rows until there are `num_rows` more, or `target_bytes` in all; returns how many were
  /// appended, 0 at the end of `rows`.
  uint64_t Append(RowSource& rows, uint64_t num_rows, size_t target_bytes = SIZE_MAX);

  void Clear() { size_ = 0; }
  std::string_view text() const { return {bytes_.get(), size_}; }

 private:
  void MakeRoom();

  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace stria::bench
