#include "bench/workload/row_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace stria::bench {

uint64_t RowBuffer::Append(RowSource& rows, uint64_t num_rows, size_t target_bytes) {
  uint64_t appended = 0;
  while (appended < num_rows && size_ < target_bytes) {
    if (capacity_ - size_ < RowSource::kMaxRowBytes) MakeRoom();
    const char* const end = rows.WriteRow(bytes_.get() + size_);
    if (end == nullptr) break;
    size_ = static_cast<size_t>(end - bytes_.get());
    ++appended;
  }
  return appended;
}

void RowBuffer::MakeRoom() {
  const size_t capacity = std::max(2 * capacity_, 16 * RowSource::kMaxRowBytes);
  auto bytes = std::make_unique_for_overwrite<char[]>(capacity);
  if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
  bytes_ = std::move(bytes);
  capacity_ = capacity;
}

}  // namespace stria::bench
