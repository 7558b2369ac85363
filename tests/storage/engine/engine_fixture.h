// A real engine in a temporary directory.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "storage/engine/engine.h"
#include "tests/support/engine_rows.h"

namespace stria::storage {

/// Thread safety: confined.
class EngineFixture {
 public:
  explicit EngineFixture(uint32_t num_shards = 1, uint64_t memtable_bytes = 1ULL << 30)
      : num_shards_(num_shards), memtable_bytes_(memtable_bytes) {
    directory_ = (std::filesystem::temp_directory_path() / "stria-engine-XXXXXX").string();
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
    Open();
  }
  ~EngineFixture() {
    engine_.reset();
    executor_.reset();
    std::filesystem::remove_all(directory_);
  }
  EngineFixture(const EngineFixture&) = delete;
  EngineFixture& operator=(const EngineFixture&) = delete;

  EngineOptions options() const {
    EngineOptions options;
    options.directory = directory_;
    options.num_shards = num_shards_;
    options.memtable_bytes = memtable_bytes_;
    options.wal_segment_bytes = 1 << 20;
    return options;
  }

  Env env() const {
    return {.files = &PosixFileSystem(),
            .clock = &SystemClock(),
            .random = &SystemRandom(),
            .executor = executor_.get()};
  }

  void Open() {
    executor_ = MakeThreadExecutor({.num_foreground = 2, .num_background = 2});
    auto engine = Engine::Open(options(), env());
    ASSERT_TRUE(engine.has_value()) << engine.error().ToString();
    engine_ = *std::move(engine);
  }

  /// Stops the engine in order, without a flush, and starts it again.
  void Restart() {
    engine_.reset();
    executor_.reset();
    Open();
  }

  WriteResult Write(const std::string& lines, std::string database = "db") {
    return engine_->Write(LinesRequest(lines, std::move(database)));
  }

  /// Everything that the scan hands out, which must be sorted, free of duplicates and in range.
  Rows Read(const std::string& table, TimeRange time = {}, std::vector<TagPredicate> tags = {},
            bool last_row_only = false) {
    auto rows = ReadRows(*engine_, table, time, std::move(tags), last_row_only);
    EXPECT_TRUE(rows.has_value()) << rows.error().ToString();
    return rows.has_value() ? *std::move(rows) : Rows();
  }

  Engine& engine() { return *engine_; }
  void CloseEngine() { engine_.reset(); }
  const std::string& directory() const { return directory_; }

 private:
  uint32_t num_shards_;
  uint64_t memtable_bytes_;
  std::string directory_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace stria::storage
