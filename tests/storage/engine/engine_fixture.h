// A real engine in a temporary directory, and what is in it in a form that is easy to compare.

#pragma once

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "ingest/line_protocol.h"
#include "storage/engine/engine.h"

namespace stria::storage {

/// A row by (series, time): field name -> value as text, NULLs left out. Series as "a=1,b=2".
using RowKey = std::pair<std::string, int64_t>;
using Fields = std::map<std::string, std::string>;
using Rows = std::map<RowKey, Fields>;

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
    auto body = std::make_shared<std::string>(lines);
    auto decoded = ingest::DecodeLineProtocol(*body, {});
    EXPECT_EQ(decoded.num_errors, 0U);
    WriteRequest request;
    request.database = std::move(database);
    request.batches = std::move(decoded.batches);
    request.keep_alive = body;
    return engine_->Write(std::move(request));
  }

  /// Everything that the scan hands out, which must be sorted, free of duplicates and in range.
  Rows Read(const std::string& table, TimeRange time = {}, std::vector<TagPredicate> tags = {},
            bool last_row_only = false) {
    ScanRequest request;
    request.table = engine_->FindTable("db", table);
    if (request.table == nullptr) return {};
    std::vector<ColumnSchema> fields;
    for (const auto& column : request.table->columns) {
      if (column.role != ColumnRole::kField) continue;
      request.fields.push_back(column.id);
      fields.push_back(column);
    }
    request.time = time;
    request.tags = std::move(tags);
    request.last_row_only = last_row_only;
    const auto scan = engine_->OpenScan(request);
    EXPECT_TRUE(scan.has_value()) << scan.error().ToString();
    Rows rows;
    for (size_t index = 0; index < (*scan)->num_blocks(); ++index) {
      const auto block = (*scan)->OpenBlock(index);
      EXPECT_TRUE(block.has_value()) << block.error().ToString();
      for (const ScanRun& run : (*block)->runs())
        ReadRun(**scan, **block, run, fields, rows);
    }
    for (const auto& [key, row] : rows)
      EXPECT_TRUE(time.Contains(key.second));
    return rows;
  }

  Engine& engine() { return *engine_; }
  void CloseEngine() { engine_.reset(); }
  const std::string& directory() const { return directory_; }

 private:
  static std::string SeriesText(const ScanSeries& series, uint32_t index) {
    std::map<std::string, std::string> tags;
    for (const auto& tag : series.tags) {
      if (tag.codes[index] >= 0)
        tags[tag.name] = tag.dictionary[static_cast<size_t>(tag.codes[index])];
    }
    std::string text;
    for (const auto& [name, value] : tags)
      text += (text.empty() ? "" : ",") + name + "=" + value;
    return text;
  }

  static std::string ValueText(const VectorView& view, uint32_t row) {
    switch (view.type) {
      case DataType::kString: return std::string(view.String(row));
      case DataType::kFloat64: return std::to_string(std::bit_cast<double>(view.Bits(row)));
      case DataType::kUint64: return std::to_string(view.Bits(row)) + "u";
      case DataType::kBool: return view.Bits(row) != 0 ? "true" : "false";
      default: return std::to_string(static_cast<int64_t>(view.Bits(row))) + "i";
    }
  }

  static void ReadRun(const Scan& scan, ScanBlock& block, const ScanRun& run,
                      const std::vector<ColumnSchema>& fields, Rows& rows) {
    const auto times = block.Times(run);
    ASSERT_TRUE(times.has_value()) << times.error().ToString();
    ASSERT_EQ(times->size(), run.row_end - run.row_begin);
    ASSERT_EQ(times->front(), run.first_time);
    ASSERT_EQ(times->back(), run.last_time);
    const std::string series = SeriesText(scan.series(), run.series);
    for (uint32_t row = run.row_begin; row < run.row_end; ++row) {
      const uint32_t in_run = row - run.row_begin;
      const int64_t time = (*times)[in_run];
      if (in_run > 0) {
        ASSERT_LT((*times)[in_run - 1], time);
      }
      if (run.step > 0) {
        ASSERT_EQ(time, run.first_time + int64_t{in_run} * run.step);
      }
      Fields values;
      for (size_t field = 0; field < fields.size(); ++field) {
        const auto view = block.ReadVector(field, row / kVectorRows);
        ASSERT_TRUE(view.has_value()) << view.error().ToString();
        if (!view->IsValid(row % kVectorRows)) continue;
        values[fields[field].name] = ValueText(*view, row % kVectorRows);
      }
      const bool added = rows.emplace(RowKey(series, time), std::move(values)).second;
      ASSERT_TRUE(added) << series << " has two rows at " << time;
    }
  }

  uint32_t num_shards_;
  uint64_t memtable_bytes_;
  std::string directory_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<Engine> engine_;
};

/// The seed of a random test: STRIA_TEST_SEED, or 1; printed.
inline uint64_t TestSeed() {
  const char* text = std::getenv("STRIA_TEST_SEED");
  const uint64_t seed = text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
  std::cout << "seed " << seed << " (STRIA_TEST_SEED)\n";
  return seed;
}

}  // namespace stria::storage
