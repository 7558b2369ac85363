// What a .slt file runs against: a real engine in a temporary directory, and SQL over it.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "query/session/session.h"
#include "storage/base/clock.h"
#include "storage/base/executor.h"
#include "storage/base/status.h"
#include "storage/engine/engine.h"

namespace stria::slt {

/// A clock that says what it is told.
class SetClock final : public Clock {
 public:
  void Set(int64_t ns) { now_ns_.store(ns); }
  int64_t NowNs() const override { return now_ns_.load(); }
  int64_t MonotonicNs() const override { return SystemClock().MonotonicNs(); }

 private:
  std::atomic<int64_t> now_ns_ = 0;
};

/// What a statement answered.
struct Answer {
  std::vector<query::OutputColumn> columns;
  std::vector<std::vector<Value>> rows;
  bool failed = false;
  query::QueryError error;
  /// A broken rule of ResultSink: calls in the wrong order, or a batch of another shape. Empty:
  /// none.
  std::string misuse;
};

/// Thread safety: confined.
class SltDatabase {
 public:
  ~SltDatabase();
  SltDatabase(const SltDatabase&) = delete;
  SltDatabase& operator=(const SltDatabase&) = delete;

  /// An empty database. Fails as Engine::Open() does.
  static Result<std::unique_ptr<SltDatabase>> Create(uint32_t num_shards);

  void SetNow(int64_t ns) { clock_.Set(ns); }

  /// Writes line protocol as one request. Returns "LINE REASON" of each line that was refused.
  Result<std::vector<std::string>> Write(const std::string& database, const std::string& precision,
                                         const std::string& lines);
  Status Flush() { return engine_->Flush(); }
  Status Compact() { return engine_->Compact(); }
  /// Stops the engine without a flush, and opens it again.
  Status Restart();

  Answer Run(const std::string& sql, const std::string& database);

 private:
  SltDatabase() = default;
  Status Open();
  void Close();

  std::string directory_;
  uint32_t num_shards_ = 1;
  SetClock clock_;
  query::VirtualTableRegistry virtual_tables_;
  // Destroyed from the last to the first.
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<storage::Engine> engine_;
  std::unique_ptr<query::QueryService> service_;
};

}  // namespace stria::slt
