// An engine on a disk in memory and one thread, whose time and faults the test decides.

#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "storage/base/log.h"
#include "storage/engine/engine.h"
#include "tests/support/engine_rows.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seeded_random.h"
#include "tests/support/simulated_executor.h"

namespace stria::storage {

/// Thread safety: confined. One at a time: it takes the log lines of the process.
struct SimulatedEngine {
  static constexpr int64_t kSecond = 1'000'000'000;

  SimulatedEngine() {
    options.directory = "data";
    options.wal_segment_bytes = 64 << 10;
    options.disk_reserve_bytes = 64 << 10;
    SetLogSink([this](std::string_view line) { log_lines.emplace_back(line); });
  }
  ~SimulatedEngine() {
    engine.reset();
    SetLogSink(nullptr);
  }
  SimulatedEngine(const SimulatedEngine&) = delete;
  SimulatedEngine& operator=(const SimulatedEngine&) = delete;

  void Open() {
    auto opened = Engine::Open(
        options, {.files = &files, .clock = &clock, .random = &random, .executor = &executor});
    ASSERT_TRUE(opened.has_value()) << opened.error().ToString();
    engine = *std::move(opened);
  }
  void Restart() {
    engine.reset();
    Open();
  }

  WriteResult Write(const std::string& lines) { return engine->Write(LinesRequest(lines)); }
  /// `num_rows` rows of one series and about 20 bytes each, from time `first` on.
  WriteResult WriteMany(const std::string& table, int64_t first, int num_rows) {
    std::string lines;
    for (int i = 0; i < num_rows; ++i) {
      const std::string number = std::to_string(first + i);
      lines += table + ",h=a v=" + number + "i " + number + "\n";
    }
    return Write(lines);
  }
  size_t CountRows(const std::string& table) {
    const auto rows = ReadRows(*engine, table);
    EXPECT_TRUE(rows.has_value()) << rows.error().ToString();
    return rows.has_value() ? rows->size() : 0;
  }
  size_t CountFiles(const std::string& directory) { return files.List(directory)->size(); }

  EngineOptions options;
  FakeClock clock;
  SeededRandom random{1};
  FaultFileSystem files;
  SimulatedExecutor executor{1, clock};
  std::vector<std::string> log_lines;
  std::unique_ptr<Engine> engine;
};

}  // namespace stria::storage
