// An engine on a disk that fails and forgets, and a client that remembers every answer.
//
// The client writes, deletes, drops, reads in every form that a scan has, and holds scans while the
// engine goes on. What it reads, now and after every restart, is compared with its ledger. The
// world can be made to die at a call to the file system or at a kill point of the engine.

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "storage/engine/engine.h"
#include "tests/crash/crash_steps.h"
#include "tests/crash/ledger.h"
#include "tests/crash/table_reader.h"
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

/// Thread safety: confined. One at a time in a process: it watches the kill points.
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

  /// One random action: mostly a batch, also deletes, reads, tasks, a flush, a compaction, time
  /// that passes or a restart. Does nothing without an engine. Failures of a disk that was made to
  /// fail are not this function's concern; kCorruption says that something read was wrong.
  Status Act();
  /// Does what passes the kill points of `step`, until the world has died or has tried enough.
  void Provoke(Step step);
  /// Leaves so little space on the disk that much fails, or gives all of it back.
  void SqueezeDisk(uint64_t free_bytes);
  void ReleaseDisk();
  bool squeezed() const { return squeezed_; }
  /// Runs what is due.
  void Settle() { executor_->RunAll(); }
  /// Runs a workload of `num_actions` from a start to an end with everything answered.
  Status Run(int num_actions);

  /// Dies at, or at one of the next calls after, one of the kill points of `step`.
  void DieIn(Step step);
  /// Where the world died; kIdle when it did not.
  Step DiedIn() const;
  /// The process has died and starts again.
  void Restart();
  /// The power has gone and come back.
  void Crash(FaultFileSystem::Unsynced unsynced);

  /// Compares what is there with the ledger: kOk, or what is wrong. After a restart, what had no
  /// answer is settled by what is seen.
  Status Verify(Look look);

  /// Sends a batch and waits for it. Fails with its status.
  Status WriteOne();

  size_t num_acknowledged() const { return ledger_.num_acknowledged(); }

 private:
  struct Held {
    HeldScan scan;
    std::vector<LedgerRows> expected;  // One of them.
  };

  Operation MakeBatch(std::string& lines);
  LedgerRow MakeRow(uint64_t number, size_t position);
  RowChoice RandomChoice();
  ReadForm RandomForm();
  void Hear(Operation& operation, const Status& status, bool waited);
  /// One line to stderr, where STRIA_SIM_TRACE asks for it.
  void Trace(const std::string& line) const;
  void Submit();
  void Delete();
  void Drop();
  Status Read();
  Status Hold();
  Status StartAgain();
  Status ReleaseHeld(size_t num_kept);
  Status CompareTables(const std::vector<LedgerTables>& possible, Look look, LedgerTables& chosen);
  Status CheckFiles();
  Status FindStrayFiles();
  /// What says nothing about the engine, because the disk was made to fail.
  bool IsExcused(const Status& status) const;
  void Expect(const char* what, const Status& status);
  static void OnKillPoint(const char* name);

  const CrashWorldOptions options_;
  std::mt19937_64 random_;
  FakeClock clock_;
  SeededRandom bits_;
  FaultFileSystem files_;
  std::unique_ptr<SimulatedExecutor> executor_;
  std::unique_ptr<Engine> engine_;
  Ledger ledger_;
  std::deque<Held> held_;
  const bool traces_;
  uint64_t last_drop_ = 0;  // The number of the last operation that drops; 0 = none did.
  bool squeezed_ = false;
  Status complaint_;  // Of an engine that fails on a disk that does not.

  StepTracker steps_;
  std::string armed_point_;
  uint32_t armed_passes_ = 0;
  uint64_t armed_calls_ = 0;  // 0: at the point itself.
};

}  // namespace stria::storage
