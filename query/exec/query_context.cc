#include "query/exec/query_context.h"

#include "storage/base/errors.h"
#include "storage/base/units.h"

namespace stria::query {

Status QueryContext::Check() const {
  if (exec_.cancelled != nullptr && exec_.cancelled->load(std::memory_order_relaxed)) {
    return Cancelled("the query was cancelled");
  }
  if (exec_.deadline_ns != std::numeric_limits<int64_t>::max() &&
      exec_.clock.MonotonicNs() >= exec_.deadline_ns) {
    return DeadlineExceeded("the query ran into its time limit");
  }
  return Status::Ok();
}

Status QueryContext::Reserve(uint64_t bytes) {
  const uint64_t before = memory_used_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes <= exec_.memory_bytes) return Status::Ok();
  memory_used_.fetch_sub(bytes, std::memory_order_relaxed);
  is_over_budget_.store(true, std::memory_order_relaxed);
  return ResourceExhausted(
      "the query needs more than its {} of memory; ask for fewer groups or rows, or raise the "
      "limit",
      FormatSize(exec_.memory_bytes));
}

void QueryContext::AddStats(const storage::ScanStats& stats) {
  exec_.stats.rows_scanned += stats.rows;
  exec_.stats.parts += stats.parts;
  exec_.stats.parts_pruned += stats.parts_pruned;
  exec_.stats.vectors_pruned += stats.vectors_pruned;
  exec_.stats.bytes_read += stats.bytes_read;
}

Status MemoryUse::Set(uint64_t bytes) {
  if (bytes > bytes_) STRIA_RETURN_IF_ERROR(context_->Reserve(bytes - bytes_));
  if (bytes < bytes_) context_->Release(bytes_ - bytes);
  bytes_ = bytes;
  return Status::Ok();
}

}  // namespace stria::query
