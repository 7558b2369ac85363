// An engine on a disk that fails and forgets, a client that remembers every answer, and the oracle
// that compares the two.
//
// The client sends batches of lines. Each has four marker rows, spread over the shards, and a few
// rows on keys that later batches write again. After a restart a batch that was acknowledged must
// be there whole, one that was refused must not be there, and one without an answer is there whole
// or not at all, and stays what it was at the first look. What the tables hold must be exactly what
// the batches that are there write, in the order in which they were sent.

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "storage/engine/engine.h"
#include "tests/support/engine_rows.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seeded_random.h"
#include "tests/support/simulated_executor.h"

namespace stria::storage {

struct CrashWorldOptions {
  uint64_t seed = 1;
  uint32_t num_shards = 1;
  /// Takes "queued" for "stored": a client with a bug that the oracle must find.
  bool trusts_queued = false;
};

/// Thread safety: confined.
class CrashWorld {
 public:
  explicit CrashWorld(CrashWorldOptions options);
  ~CrashWorld();
  CrashWorld(const CrashWorld&) = delete;
  CrashWorld& operator=(const CrashWorld&) = delete;

  /// Starts the engine; the message says why it does not start.
  Status Open();
  void Close();
  bool is_open() const { return engine_ != nullptr; }
  Engine& engine() { return *engine_; }
  FaultFileSystem& files() { return files_; }
  SimulatedExecutor& executor() { return *executor_; }

  /// One random action: mostly a batch, also tasks, a flush, a compaction, time that passes or a
  /// restart. Answers are noted, failures are not this function's concern. Does nothing without an
  /// engine.
  void Act();
  /// Sends a batch.
  void Submit();
  /// Runs what is due.
  void Settle() { executor_->RunAll(); }
  /// Runs a workload of `num_actions` from a start to an end with everything answered.
  void Run(int num_actions);

  /// Compares what is there with the ledger: kOk, or what is wrong. Answers that came before count;
  /// after a restart, unknown batches are settled by what is seen (`settles`).
  Status Verify(bool settles);

  /// Sends a batch and waits for it. Fails with its status.
  Status WriteOne();

  size_t num_acknowledged() const;

 private:
  enum class Answer { kNone, kAcknowledged, kRefused };
  struct Row {
    std::string table;
    RowKey key;
    Fields fields;
  };
  struct Batch {
    std::string lines;
    std::vector<Row> markers, rows;
    Answer answer = Answer::kNone;
  };

  Batch MakeBatch();
  void Note(Batch& batch, const WriteResult& result);

  const CrashWorldOptions options_;
  std::mt19937_64 random_;
  FakeClock clock_;
  SeededRandom bits_;
  FaultFileSystem files_;
  std::unique_ptr<SimulatedExecutor> executor_;
  std::unique_ptr<Engine> engine_;
  std::deque<Batch> batches_;  // Callbacks point into it.
};

}  // namespace stria::storage
