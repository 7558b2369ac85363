// Where in its work an engine was when the power went.

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace stria::storage {

enum class Step {
  kIdle,  ///< between two calls that change the disk
  kAppend,
  kRoll,
  kFlush,
  kCommit,
  kSnapshot,
  kCompaction,
  kDelete,
  kDrop,
  kRecovery,
  kRecoveryInRecovery,
  kOther,
};
inline constexpr size_t kNumSteps = 12;
inline constexpr std::array<const char*, kNumSteps> kStepNames = {"idle",
                                                                  "append",
                                                                  "roll",
                                                                  "flush",
                                                                  "commit",
                                                                  "snapshot",
                                                                  "compaction",
                                                                  "delete",
                                                                  "drop",
                                                                  "recovery",
                                                                  "recovery in recovery",
                                                                  "other"};
using StepCounts = std::array<uint64_t, kNumSteps>;

/// A kill point, and how often it may be passed before the death.
struct StepPoint {
  const char* kill_point;
  uint32_t max_pass;
};
/// The kill points that stand in `step`; none for steps that are met at calls only.
std::span<const StepPoint> PointsOf(Step step);

/// Follows an engine by the kill points that it passes.
class StepTracker {
 public:
  void Pass(std::string_view kill_point);
  /// The step that the call to the file system, such as "write data/catalog/1", belongs to; between
  /// two calls, that of the last kill point.
  Step StepOf(std::string_view call) const;
  void Reset() { *this = {}; }

 private:
  Step last_ = Step::kOther;
  Step job_ = Step::kOther;     // A flush or a compaction: they share the writer of parts.
  Step within_ = Step::kOther;  // A snapshot or a drop, which end in a commit; or a delete.
};

/// "roll 12, flush 3, ...": all steps, also those with 0.
std::string ToString(const StepCounts& counts);

}  // namespace stria::storage
