// A log on a disk in memory, with records that are short texts.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "storage/base/bytes.h"
#include "storage/wal/wal_reader.h"
#include "storage/wal/wal_writer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seeded_random.h"

namespace stria::storage {

inline constexpr const char* kWalDirectory = "wal";
inline constexpr uint32_t kWalShard = 3;

/// Thread safety: confined.
struct WalFixture {
  explicit WalFixture(uint64_t bytes_a_segment = 64 << 10) : segment_bytes(bytes_a_segment) {
    EXPECT_TRUE(files.CreateDirectories(kWalDirectory).ok());
  }

  /// Begins an epoch as a start does: recovers, notes what it accepts, and opens a writer.
  void Start() {
    std::vector<std::string> records;
    const auto recovery = RecoverInto(records);
    ASSERT_TRUE(recovery.has_value()) << recovery.error().ToString();
    StartAfter(*recovery);
  }
  void StartAfter(const WalRecovery& recovery) {
    if (epoch > 0) accepted[epoch] = recovery.last_seq;
    ++epoch;
    writer = std::make_unique<WalWriter>(files, clock, random,
                                         WalWriterOptions{.directory = kWalDirectory,
                                                          .shard = kWalShard,
                                                          .epoch = epoch,
                                                          .segment_bytes = segment_bytes,
                                                          .next_segment = recovery.next_segment,
                                                          .next_seq = recovery.last_seq + 1},
                                         recovery.segments);
  }

  /// One group.
  Result<uint64_t> Append(const std::vector<std::string>& texts) {
    std::vector<WalRecord> records;
    for (const auto& text : texts)
      records.push_back({WalRecordType::kRows, AsBytes(text)});
    return writer->AppendGroup(records);
  }

  Result<WalRecovery> RecoverInto(std::vector<std::string>& records,
                                  WalDamagePolicy policy = WalDamagePolicy::kRefuse) {
    const auto visit = [&](const WalFrame& frame) {
      records.push_back(std::to_string(frame.seq) + ":" + std::string(AsText(frame.payload)));
      return Status::Ok();
    };
    return RecoverWal(files, kWalDirectory, kWalShard, accepted, wal_low, visit, policy);
  }
  /// The records that count, as "seq:text".
  Result<std::vector<std::string>> Recover() {
    std::vector<std::string> records;
    const auto recovery = RecoverInto(records);
    if (!recovery) return recovery.error();
    return records;
  }

  static std::string PathOf(uint64_t segment) {
    return std::string(kWalDirectory) + "/" + WalSegmentName(segment);
  }
  std::vector<std::byte>& BytesOf(uint64_t segment) { return files.BytesOf(PathOf(segment)); }

  /// Where the records of a segment lie, as [begin, end) of each frame, in order.
  std::vector<std::pair<size_t, size_t>> FramesOf(uint64_t segment) {
    const auto& bytes = BytesOf(segment);
    const auto header = DecodeAnyWalSegmentHeader(bytes);
    std::vector<std::pair<size_t, size_t>> frames;
    if (!header.has_value()) return frames;
    for (size_t offset = kWalBlockBytes; offset < bytes.size();) {
      const auto frame = DecodeWalFrame(std::span(bytes).subspan(offset), header->nonce);
      if (frame.has_value()) frames.emplace_back(offset, offset + frame->bytes);
      offset = frame.has_value()              ? offset + frame->bytes
               : offset % kWalBlockBytes == 0 ? offset + kWalBlockBytes
                                              : RoundUpToWalBlock(offset);
    }
    return frames;
  }

  FaultFileSystem files;
  FakeClock clock;
  SeededRandom random{1};
  uint64_t segment_bytes;
  uint64_t epoch = 0;
  uint64_t wal_low = 0;
  AcceptedSeqs accepted;
  std::unique_ptr<WalWriter> writer;
};

}  // namespace stria::storage
