// A simulated fleet of devices that writes line protocol over HTTP and keeps a ledger of what was
// acknowledged.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace stria::cli {

/// Devices are divided among a few writers, each with one connection. A device takes a sample every
/// 10 ms, so 200 devices make 20,000 rows a second; writers that fall behind take fewer.
///
/// A batch that was not acknowledged is sent again, unchanged, until it is: the same rows replace
/// themselves, so nothing is counted twice.
///
/// Thread safety: thread-safe.
class Fleet {
 public:
  /// Does not write before Start(). `url` may change between Stop() and Start().
  Fleet(std::string database, int64_t num_devices);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  void Start(const std::string& url);

  /// Ends the writers after the request under way; unacknowledged batches are kept for Start().
  void Stop();

  int64_t rows_acknowledged() const { return rows_acknowledged_.load(std::memory_order_relaxed); }

  /// Rows of batches that were sent and not acknowledged. Exact between Stop() and Start().
  int64_t rows_in_doubt() const { return rows_in_doubt_.load(std::memory_order_relaxed); }

  /// Requests that got another answer than 204, and the text of the first.
  int64_t num_refused() const { return num_refused_.load(std::memory_order_relaxed); }

 private:
  class Writer;

  std::string database_;
  std::vector<std::unique_ptr<Writer>> writers_;
  std::vector<std::jthread> threads_;
  std::atomic<int64_t> rows_acknowledged_ = 0;  // Counters: nothing is read through them.
  std::atomic<int64_t> rows_in_doubt_ = 0;
  std::atomic<int64_t> num_refused_ = 0;
};

}  // namespace stria::cli
