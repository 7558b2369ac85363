// Damages the files of a small database: what is read afterwards is right, or the damage is
// reported; never a wrong answer.
//
// Every bit of every file is turned in turn (in every build one of each byte, from the one on that
// the seed picks); and as many random bits, bytes, sectors and ends of files as STRIA_SIM_FLIPS
// says, else 1,000.

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "storage/base/log.h"
#include "storage/engine/engine.h"
#include "storage/wal/wal_format.h"
#include "tests/support/engine_rows.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seeded_random.h"
#include "tests/support/simulated_executor.h"

namespace stria::storage {
namespace {

using Files = std::map<std::string, std::vector<std::byte>>;

// What a machine has of a database: its disk, its process.
class Machine {
 public:
  explicit Machine(uint32_t num_shards) {
    options_.directory = "data";
    options_.num_shards = num_shards;
    options_.wal_segment_bytes = 12 << 10;
    options_.disk_reserve_bytes = 64 << 10;
    options_.cache_bytes = 1 << 20;
  }

  Status Start() {
    const Env env{.files = &files, .clock = &clock_, .random = &bits_, .executor = &executor_};
    STRIA_ASSIGN_OR_RETURN(engine, Engine::Open(options_, env));
    return Status::Ok();
  }

  /// Everything that the tables hold, by "table series time".
  Result<std::map<std::string, Fields>> ReadAll() {
    std::map<std::string, Fields> all;
    for (const char* table : {"cpu", "late"}) {
      STRIA_ASSIGN_OR_RETURN(const auto rows, ReadRows(*engine, table));
      for (const auto& [key, fields] : rows)
        all[fmt::format("{} {} {}", table, key.first, key.second)] = fields;
    }
    return all;
  }

  FaultFileSystem files;

 private:
  FakeClock clock_;
  SeededRandom bits_{3};
  SimulatedExecutor executor_{4, clock_};
  EngineOptions options_;

 public:
  std::unique_ptr<Engine> engine;  // Before what it works on goes.
};

std::string Lines(const std::string& table, int first, int num_rows, int value) {
  std::string lines;
  for (int i = first; i < first + num_rows; ++i) {
    lines += fmt::format("{},h=h{} i={}i,f={}.25,s=\"text {}\",b={},u={}u {}\n", table, i % 3,
                         value + i, value + i, value * 3 + i, i % 2 == 0, value, i * 1000);
  }
  return lines;
}

class BitFlipTest : public testing::TestWithParam<uint32_t> {
 protected:
  void SetUp() override {
    SetLogSink([](std::string_view) {});
    Machine machine(GetParam());
    ASSERT_TRUE(machine.Start().ok());
    const auto write = [&](const std::string& lines) {
      ASSERT_TRUE(machine.engine->Write(LinesRequest(lines)).status.ok());
    };
    // A compacted part, one that overlaps it, and records that are in no part.
    write(Lines("cpu", 0, 40, 100));
    ASSERT_TRUE(machine.engine->Flush().ok());
    write(Lines("cpu", 20, 30, 200));
    ASSERT_TRUE(machine.engine->Compact().ok());
    write(Lines("cpu", 10, 20, 300));
    write(Lines("late", 0, 9, 1));
    ASSERT_TRUE(machine.engine->Flush().ok());
    write(Lines("cpu", 5, 7, 400) + "cpu,h=new i=1i 7\n");
    without_last_ = *machine.ReadAll();
    // In every shard, so that it is the last record of each log.
    std::string last;
    for (int i = 0; i < 24; ++i)
      last += fmt::format("late,h=h{} i={}i {}\n", i, 500 + i, 4000 + i);
    write(last);
    expected_ = *machine.ReadAll();
    machine.engine.reset();
    files_ = machine.files.AllFiles();
  }
  void TearDown() override { SetLogSink(nullptr); }

  // Nothing, or what is wrong with what is read from `files`.
  std::optional<std::string> WrongAnswer(Files files, const std::string& damaged,
                                         size_t offset) const {
    Machine machine(GetParam());
    for (auto& [path, bytes] : files)
      machine.files.Put(path, std::move(bytes));
    if (!machine.Start().ok()) return std::nullopt;
    const auto found = machine.ReadAll();
    if (!found || *found == expected_) return std::nullopt;
    for (const auto& entry : machine.engine->HealthEntries()) {
      if (entry.state != HealthState::kOk) return std::nullopt;
    }
    // The end of the log may be a write that was torn before anybody was answered; not its header,
    // which is durable before the first record is written.
    if (damaged.find("/wal/") != std::string::npos && offset >= kWalBlockBytes &&
        *found == without_last_) {
      return std::nullopt;
    }
    for (const auto& [key, fields] : expected_) {
      const auto there = found->find(key);
      if (there == found->end()) return key + " is missing";
      if (there->second != fields) return key + " holds something else";
    }
    return "rows are there that nobody wrote";
  }

  Files files_;
  std::map<std::string, Fields> expected_, without_last_;
};

TEST_P(BitFlipTest, ABitThatHasTurnedIsSeen) {
  constexpr size_t kBitStep = STRIA_CRASH_STRIDE == 1 ? 1 : 8;
  constexpr size_t kByteStep = STRIA_CRASH_STRIDE == 1 ? 1 : 5;
  const uint64_t seed = TestSeed();
  size_t num_flips = 0;
  for (const auto& [path, bytes] : files_) {
    // Of a log that is not full, a little of what was not written yet.
    size_t end = bytes.size();
    while (end > 0 && bytes[end - 1] == std::byte{0})
      --end;
    end = std::min(bytes.size(), end + 64);
    for (size_t bit = seed % kBitStep; bit < end * 8; bit += kByteStep * kBitStep) {
      Files damaged = files_;
      damaged[path][bit / 8] ^= std::byte{1} << (bit % 8);
      const auto wrong = WrongAnswer(std::move(damaged), path, bit / 8);
      ASSERT_FALSE(wrong.has_value()) << path << ", bit " << bit << ": " << *wrong;
      ++num_flips;
    }
  }
  std::cout << num_flips << " bits in " << files_.size() << " files\n";
  EXPECT_GT(num_flips, 500U);
}

TEST_P(BitFlipTest, RandomDamageIsSeen) {
  const char* text = std::getenv("STRIA_SIM_FLIPS");
  const uint64_t num_flips = text == nullptr ? 1000 : std::strtoull(text, nullptr, 10);
  std::mt19937_64 random(TestSeed() + 1);
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : files_) {
    if (!bytes.empty()) paths.push_back(path);
  }
  for (uint64_t i = 0; i < num_flips; ++i) {
    Files damaged = files_;
    const std::string& path = paths[random() % paths.size()];
    auto& bytes = damaged[path];
    const size_t at = random() % bytes.size();
    const uint64_t kind = random() % 8;
    std::string what = fmt::format("{}, flip {}, kind {} at {}", path, i, kind, at);
    if (kind == 0) {
      bytes[at] = static_cast<std::byte>(random());
    } else if (kind == 1) {
      const size_t sector = at / 512 * 512;
      std::fill(bytes.begin() + static_cast<ptrdiff_t>(sector),
                bytes.begin() + static_cast<ptrdiff_t>(std::min(bytes.size(), sector + 512)),
                std::byte{0});
    } else {
      bytes[at] ^= std::byte{1} << (random() % 8);
    }
    const auto wrong = WrongAnswer(std::move(damaged), path, at);
    ASSERT_FALSE(wrong.has_value()) << what << ": " << *wrong;
  }
  std::cout << num_flips << " flips\n";
}

INSTANTIATE_TEST_SUITE_P(Shards, BitFlipTest, testing::Values(1, 4),
                         [](const auto& test) { return std::to_string(test.param); });

}  // namespace
}  // namespace stria::storage
