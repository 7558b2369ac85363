#include "tests/crash/crash_world.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/core.h>

#include "storage/base/errors.h"
#include "storage/base/log.h"

namespace stria::storage {
namespace {

constexpr int kMarkersABatch = 4;
constexpr int kNumTables = 3;
constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kDay = 86'400 * kSecond;

std::string Text(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields)
    text += " " + name + "=" + value;
  return text.empty() ? " nothing" : text;
}

// The first difference between what is there and what should be, as a Status.
Status Compare(const std::string& table, const Rows& found, const Rows& expected) {
  for (const auto& [key, row] : expected) {
    const auto there = found.find(key);
    if (there == found.end()) {
      return Corruption("{} {} {}: the row is missing, it should hold{}", table, key.first,
                        key.second, Text(row));
    }
    if (there->second != row) {
      return Corruption("{} {} {}: holds{}, and should hold{}", table, key.first, key.second,
                        Text(there->second), Text(row));
    }
  }
  for (const auto& [key, row] : found) {
    if (!expected.contains(key)) {
      return Corruption("{} {} {}: nobody sent this row:{}", table, key.first, key.second,
                        Text(row));
    }
  }
  return Status::Ok();
}

}  // namespace

CrashWorld::CrashWorld(CrashWorldOptions options)
    : options_(options),
      random_(options.seed),
      bits_(options.seed + 1),
      files_(options.seed + 2),
      executor_(std::make_unique<SimulatedExecutor>(options.seed + 3, clock_)) {
  SetLogSink([](std::string_view) {});  // Of every failure that is made, a line.
}

CrashWorld::~CrashWorld() {
  Close();
}

Status CrashWorld::Open() {
  EngineOptions options;
  options.directory = "data";
  options.num_shards = options_.num_shards;
  // So small that a workload of a few dozen batches flushes, rolls, recycles and compacts.
  options.memtable_bytes = 6 << 10;
  options.wal_segment_bytes = 24 << 10;
  options.wal_bytes = 40 << 10;
  options.cache_bytes = 1 << 20;
  options.disk_reserve_bytes = 64 << 10;
  options.flush_after_ns = 20 * kSecond;
  const Env env{.files = &files_, .clock = &clock_, .random = &bits_, .executor = executor_.get()};
  STRIA_ASSIGN_OR_RETURN(engine_, Engine::Open(options, env));
  return Status::Ok();
}

void CrashWorld::Close() {
  engine_.reset();
}

CrashWorld::Batch CrashWorld::MakeBatch() {
  Batch batch;
  const auto number = static_cast<int64_t>(batches_.size());
  const auto add = [&](std::vector<Row>& rows, Row row) {
    batch.lines += row.table + "," + row.key.first;
    char separator = ' ';
    for (const auto& [name, value] : row.fields) {
      const std::string quote = name == "s" ? "\"" : "";
      batch.lines += separator + name + "=" + quote + value + quote;
      separator = ',';
    }
    batch.lines += " " + std::to_string(row.key.second) + "\n";
    rows.push_back(std::move(row));
  };
  for (int i = 0; i < kMarkersABatch; ++i) {
    add(batch.markers, {.table = "mark",
                        .key = {fmt::format("b={},i={}", number % 8, i), number},
                        .fields = {{"v", std::to_string(number) + "i"}}});
  }
  const size_t num_rows = 1 + random_() % 8;
  for (size_t i = 0; i < num_rows; ++i) {
    const uint64_t value = static_cast<uint64_t>(number) * 100 + i;
    Row row{
        .table = fmt::format("t{}", random_() % kNumTables),
        .key = {fmt::format("h={}", random_() % 6), static_cast<int64_t>(random_() % 12) * kSecond +
                                                        static_cast<int64_t>(random_() % 2) * kDay},
        .fields = {}};
    const uint64_t which = 1 + random_() % 7;
    if ((which & 1) != 0) row.fields["i"] = std::to_string(value) + "i";
    if ((which & 2) != 0) row.fields["u"] = std::to_string(value) + "u";
    if ((which & 4) != 0) row.fields["s"] = "text " + std::to_string(value);
    add(batch.rows, std::move(row));
  }
  return batch;
}

void CrashWorld::Note(Batch& batch, const WriteResult& result) {
  if (result.status.ok()) {
    batch.answer = Answer::kAcknowledged;
  } else if (result.status.code() != StatusCode::kIoError) {
    batch.answer = Answer::kRefused;  // A failing disk may have it nevertheless.
  }
}

void CrashWorld::Submit() {
  Batch& batch = batches_.emplace_back(MakeBatch());
  WriteRequest request = LinesRequest(batch.lines);
  const bool waits = !options_.trusts_queued && random_() % 10 != 0;
  request.sync = waits;
  engine_->Submit(std::move(request), [this, &batch, waits](const WriteResult& result) {
    if (waits || options_.trusts_queued || !result.status.ok()) Note(batch, result);
  });
}

void CrashWorld::Act() {
  if (engine_ == nullptr) return;
  switch (random_() % 24) {
    case 0: static_cast<void>(engine_->Flush()); break;
    case 1: static_cast<void>(engine_->Compact()); break;
    case 2: executor_->RunFor(static_cast<int64_t>(random_() % 30) * kSecond); break;
    case 3:
      if (random_() % 3 != 0) break;
      Close();
      static_cast<void>(Open());  // What fails here is seen by the next Open().
      break;
    case 4:
    case 5:
    case 6: Settle(); break;
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
      for (uint64_t num_tasks = random_() % 4; num_tasks > 0; --num_tasks)
        executor_->RunOne();
      break;
    default: Submit(); break;
  }
}

void CrashWorld::Run(int num_actions) {
  static_cast<void>(Open());
  for (int i = 0; i < num_actions; ++i)
    Act();
  if (engine_ != nullptr) Settle();
}

Status CrashWorld::WriteOne() {
  Batch& batch = batches_.emplace_back(MakeBatch());
  const WriteResult result = engine_->Write(LinesRequest(batch.lines));
  Note(batch, result);
  return result.status;
}

size_t CrashWorld::num_acknowledged() const {
  return static_cast<size_t>(std::ranges::count(batches_, Answer::kAcknowledged, &Batch::answer));
}

Status CrashWorld::Verify(bool settles) {
  std::map<std::string, Rows> expected;
  STRIA_ASSIGN_OR_RETURN(const auto markers, ReadRows(*engine_, "mark"));
  for (size_t number = 0; number < batches_.size(); ++number) {
    Batch& batch = batches_[number];
    const auto num_there = std::ranges::count_if(
        batch.markers, [&](const Row& marker) { return markers.contains(marker.key); });
    if (num_there != 0 && num_there != kMarkersABatch) {
      return Corruption("batch {}: {} of its {} markers are there", number, num_there,
                        kMarkersABatch);
    }
    if (batch.answer == Answer::kAcknowledged && num_there == 0) {
      return Corruption("batch {} was acknowledged and is not there", number);
    }
    if (batch.answer == Answer::kRefused && num_there != 0) {
      return Corruption("batch {} was refused or void, and is there", number);
    }
    if (settles) batch.answer = num_there == 0 ? Answer::kRefused : Answer::kAcknowledged;
    if (num_there == 0) continue;
    for (const auto* rows : {&batch.markers, &batch.rows}) {
      for (const Row& row : *rows) {
        Fields& fields = expected[row.table][row.key];
        for (const auto& [name, value] : row.fields)
          fields[name] = value;
      }
    }
  }
  STRIA_RETURN_IF_ERROR(Compare("mark", markers, expected["mark"]));
  for (int table = 0; table < kNumTables; ++table) {
    const std::string name = fmt::format("t{}", table);
    STRIA_ASSIGN_OR_RETURN(const auto rows, ReadRows(*engine_, name));
    STRIA_RETURN_IF_ERROR(Compare(name, rows, expected[name]));
  }
  return Status::Ok();
}

}  // namespace stria::storage
