// Rows of a workload as request bodies, made while others send them.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "bench/stria_bench/http_connection.h"
#include "bench/stria_bench/percentiles.h"
#include "bench/workload/row_buffer.h"
#include "bench/workload/workload.h"
#include "storage/base/status.h"

namespace stria::bench {

struct FedBody {
  RowBuffer rows;
  uint64_t num_rows = 0;
  int64_t last_time_ns = 0;  ///< of its last row
};

/// A thread that writes bodies ahead, until the rows or `max_rows` end.
///
/// Thread safety: thread-safe.
class Feed {
 public:
  struct Options {
    uint64_t batch_rows = 10'000;
    uint64_t max_rows = UINT64_MAX;
    uint64_t rows_per_second = 0;  ///< 0: no limit
  };

  /// `rows` outlives this, and is used by nobody else meanwhile.
  Feed(RowSource& rows, const Options& options);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  /// Waits for the next body; nullopt at the end, or after Stop().
  std::optional<FedBody> Take();
  /// Nothing is to be had from now on.
  void Stop();

 private:
  void Produce();

  RowSource& rows_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FedBody> bodies_;  // Of mutex_, as what follows.
  bool at_end_ = false;
  bool stopped_ = false;
  std::jthread producer_;
};

struct FeedResult {
  uint64_t num_rows = 0;
  double seconds = 0;
  Percentiles acks;
};

/// Sends all bodies over `workers` connections, and waits for the last answer. `acknowledged` is
/// called by the sending threads after each. Fails with kInvalidArgument where the server refuses a
/// body, kUnavailable when a connection breaks.
Result<FeedResult> WriteFeed(const Url& url, std::string_view database, int64_t workers, Feed& feed,
                             const std::function<void(const FedBody&)>& acknowledged = {});

}  // namespace stria::bench
