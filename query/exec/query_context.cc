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
  const MemoryBudget* full = memory_.TryCharge(bytes);
  if (full == nullptr) return Status::Ok();
  if (full != &memory_) {
    return ResourceExhausted(
        "the {} of the server has {} of memory in use of {}, and this query needs {} more; send it "
        "again in a moment",
        full->name(), FormatSize(full->used()), FormatSize(full->limit()), FormatSize(bytes));
  }
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
