#include "query/exec/operator.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace stria::query {

Status ForEachMorsel(QueryContext& context, size_t num_morsels, size_t num_workers,
                     const std::function<Result<bool>(size_t worker, size_t morsel)>& body) {
  std::atomic<size_t> next = 0;
  std::atomic<bool> stop = false;
  std::mutex mutex;
  size_t failed_morsel = num_morsels;
  Status failure;
  const auto work = [&](size_t worker) {
    for (size_t morsel = next.fetch_add(1); morsel < num_morsels; morsel = next.fetch_add(1)) {
      if (stop.load(std::memory_order_relaxed)) return;
      Status status = context.Check();
      if (status.ok()) {
        const Result<bool> goes_on = body(worker, morsel);
        if (goes_on && *goes_on) continue;
        if (!goes_on) status = goes_on.error();
      }
      stop.store(true, std::memory_order_relaxed);
      const std::lock_guard lock(mutex);
      if (!status.ok() && morsel < failed_morsel) {
        failed_morsel = morsel;
        failure = status;
      }
      return;
    }
  };
  num_workers = std::min(num_workers, num_morsels);
  if (num_workers <= 1) {
    work(0);
  } else {
    context.executor().ParallelFor(num_workers, work);
  }
  return failure;
}

size_t NumWorkers(const Operator& input) {
  return NumWorkers(input.num_morsels(), input.estimated_rows());
}

size_t NumWorkers(size_t num_pieces, uint64_t num_rows) {
  if (num_pieces < 2 || num_rows < kParallelRows) return 1;
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 64);
}

}  // namespace stria::query
