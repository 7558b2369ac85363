#include "tests/crash/crash_steps.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace stria::storage {
namespace {

constexpr std::array kAppendPoints = {StepPoint{"wal.append", 30}, StepPoint{"wal.sync", 30},
                                      StepPoint{"wal.apply", 30}};
constexpr std::array kRollPoints = {StepPoint{"wal.roll", 3}, StepPoint{"wal.header", 3}};
constexpr std::array kFlushPoints = {StepPoint{"flush.begin", 3}, StepPoint{"flush.write", 3},
                                     StepPoint{"flush.link", 3}, StepPoint{"flush.commit", 3},
                                     StepPoint{"flush.end", 3}};
constexpr std::array kCommitPoints = {StepPoint{"manifest.commit", 8}, StepPoint{"commit.link", 8},
                                      StepPoint{"commit.sync_directory", 8}};
constexpr std::array kSnapshotPoints = {StepPoint{"manifest.snapshot", 2},
                                        StepPoint{"series.snapshot", 1},
                                        StepPoint{"manifest.remove_old", 2}};
constexpr std::array kCompactionPoints = {
    StepPoint{"compaction.read", 3}, StepPoint{"compaction.copy", 3},
    StepPoint{"compaction.write", 3}, StepPoint{"compaction.commit", 2}};
constexpr std::array kDeletePoints = {StepPoint{"delete.log", 3}};
constexpr std::array kDropPoints = {StepPoint{"drop.commit", 2}, StepPoint{"drop.free", 1}};
constexpr std::array kRecoveryPoints = {StepPoint{"recovery.replay", 9},
                                        StepPoint{"recovery.commit", 3}};

// The first prefix that fits counts.
constexpr std::array<std::pair<std::string_view, Step>, 12> kStepOfPrefix = {{
    {"wal.roll", Step::kRoll},
    {"wal.header", Step::kRoll},
    {"wal.", Step::kAppend},
    {"flush.", Step::kFlush},
    {"series.snapshot", Step::kSnapshot},
    {"series.", Step::kFlush},
    {"compaction.", Step::kCompaction},
    {"delete.", Step::kDelete},
    {"drop.", Step::kDrop},
    {"recovery.", Step::kRecovery},
    {"manifest.", Step::kCommit},
    {"commit.", Step::kCommit},
}};

}  // namespace

std::span<const StepPoint> PointsOf(Step step) {
  switch (step) {
    case Step::kAppend: return kAppendPoints;
    case Step::kRoll: return kRollPoints;
    case Step::kFlush: return kFlushPoints;
    case Step::kCommit: return kCommitPoints;
    case Step::kSnapshot: return kSnapshotPoints;
    case Step::kCompaction: return kCompactionPoints;
    case Step::kDelete: return kDeletePoints;
    case Step::kDrop: return kDropPoints;
    case Step::kRecovery:
    case Step::kRecoveryInRecovery: return kRecoveryPoints;
    default: return {};
  }
}

void StepTracker::Pass(std::string_view kill_point) {
  const auto found = std::ranges::find_if(
      kStepOfPrefix, [&](const auto& entry) { return kill_point.starts_with(entry.first); });
  last_ = found == kStepOfPrefix.end() ? Step::kOther : found->second;
  const bool writes_part = kill_point == "flush.write" || kill_point == "flush.link";
  if (writes_part && job_ == Step::kCompaction) last_ = job_;
  if (!writes_part && (last_ == Step::kFlush || last_ == Step::kCompaction)) job_ = last_;
  const bool goes_on = within_ == Step::kDelete
                           ? kill_point.starts_with("wal.") && last_ != Step::kRoll
                           : last_ == Step::kCommit;
  if (!goes_on) within_ = Step::kOther;
  if (kill_point == "manifest.snapshot") within_ = Step::kSnapshot;
  if (kill_point == "drop.commit" || kill_point == "delete.log") within_ = last_;
  if (within_ != Step::kOther) last_ = within_;
  if (kill_point == "wal.apply") within_ = Step::kOther;
}

Step StepTracker::StepOf(std::string_view call) const {
  const auto is_in = [&](std::string_view name) { return call.find(name) != call.npos; };
  if (within_ != Step::kOther) return within_;
  if (is_in("/wal")) return last_ == Step::kRoll || is_in("spare") ? Step::kRoll : Step::kAppend;
  if (is_in("/manifest") || is_in("/catalog")) return Step::kCommit;
  return last_;
}

std::string ToString(const StepCounts& counts) {
  std::string text;
  for (size_t step = 0; step < kNumSteps; ++step) {
    text += fmt::format("{}{} {}", step == 0 ? "" : ", ", kStepNames[step], counts[step]);
  }
  return text;
}

}  // namespace stria::storage
