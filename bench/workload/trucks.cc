#include "bench/workload/trucks.h"

#include <deque>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "bench/workload/random.h"
#include "bench/workload/truck_fleet.h"

namespace stria::bench {
namespace {

// Chances for each batch of ten rows and each place in it.
constexpr size_t kBatchRows = 10;
constexpr double kBatchDropped = 0.01;
constexpr double kBatchLate = 0.05;
constexpr double kLateBatchComes = 0.5;
constexpr double kRowDropped = 0.1;
constexpr double kRowLate = 0.3;
constexpr double kLateRowComes = 0.5;
constexpr double kFieldMissing = 0.1;
constexpr double kTagMissing = 0.01;

// All rows of all trucks, tick by tick.
class BaseRows {
 public:
  explicit BaseRows(const WorkloadOptions& options)
      : options_(options),
        num_ticks_(options.duration_ns / options.interval_ns),
        random_(options.seed),
        order_random_(options.seed ^ 0x5851f42d4c957f2d),
        fleet_(options.scale, options.numbers, random_) {
    if (options.shuffle) {
      order_.resize(options.scale);
      std::iota(order_.begin(), order_.end(), uint64_t{0});
    }
    Shuffle();
  }

  std::optional<TruckRow> Next() {
    if (truck_ == options_.scale) {
      if (diagnostics_) {
        if (tick_ + 1 == num_ticks_) return std::nullopt;
        ++tick_;
        fleet_.Step(random_);
        Shuffle();
      }
      diagnostics_ = !diagnostics_;
      truck_ = 0;
    }
    const uint64_t truck = order_.empty() ? truck_ : order_[truck_];
    ++truck_;
    return fleet_.Read(truck, diagnostics_, options_.start_ns + tick_ * options_.interval_ns);
  }

  const TruckFleet& fleet() const { return fleet_; }

 private:
  void Shuffle() {
    for (size_t i = order_.size(); i > 1; --i)
      std::swap(order_[i - 1], order_[order_random_.Below(i)]);
  }

  const WorkloadOptions options_;
  const int64_t num_ticks_;
  Rng random_;
  Rng order_random_;
  TruckFleet fleet_;
  std::vector<uint64_t> order_;
  int64_t tick_ = 0;
  bool diagnostics_ = false;
  uint64_t truck_ = 0;
};

// Fills batches of ten as the suite does: what is decided for a place holds for whatever row comes
// to stand in it, and late rows come from earlier batches only. With these rules a hundred trucks
// have 1.5 % of rows after one with a greater time; the reference file has 1.57 %.
class TruckRows final : public RowSource {
 public:
  explicit TruckRows(const WorkloadOptions& options) : base_(options), random_(~options.seed) {}

  char* WriteRow(char* out) override {
    while (next_ == batch_.size()) {
      if (!NextBatch()) return nullptr;
    }
    return base_.fleet().WriteRow(batch_[next_++], out);
  }

 private:
  using Batch = std::vector<TruckRow>;

  // Puts rows into batch_, perhaps none; false when there are no more.
  bool NextBatch() {
    next_ = 0;
    batch_.clear();
    if (at_end_) return TakeQueued();
    if (random_.Chance(kBatchDropped)) {
      for (size_t i = 0; i < kBatchRows; ++i)
        NextBase();
    } else if (!late_batches_.empty() && random_.Chance(kLateBatchComes)) {
      batch_ = std::move(late_batches_.front());
      late_batches_.pop_front();
    } else if (random_.Chance(kBatchLate)) {
      late_batches_.push_back(MakeBatch());
    } else {
      batch_ = MakeBatch();
    }
    return true;
  }

  bool TakeQueued() {
    if (!late_batches_.empty()) {
      batch_ = std::move(late_batches_.front());
      late_batches_.pop_front();
      return true;
    }
    batch_.assign(late_rows_.begin(), late_rows_.end());
    late_rows_.clear();
    return !batch_.empty();
  }

  Batch MakeBatch() {
    Batch batch;
    size_t num_late = late_rows_.size();
    while (batch.size() < kBatchRows && !at_end_) {
      std::optional<TruckRow> row;
      if (random_.Chance(kRowDropped)) {
        NextBase();
      } else if (num_late > 0 && random_.Chance(kLateRowComes)) {
        --num_late;
        row = late_rows_.front();
        late_rows_.pop_front();
      }
      if (!row) {
        row = NextBase();
        if (row && random_.Chance(kRowLate)) {
          late_rows_.push_back(*row);
          row = NextBase();
        }
      }
      if (!row) break;
      LeaveOut(*row);
      batch.push_back(*row);
    }
    return batch;
  }

  void LeaveOut(TruckRow& row) {
    // 9 % of rows lack a field in the reference file, 0.9 % a tag: 10 % and 1 % of the places
    // whose row was not dropped.
    if (random_.Chance(kRowDropped)) return;
    if (random_.Chance(kFieldMissing)) {
      // Drawn among the fields of readings for both measurements, so that the first of the three
      // diagnostics is missing in 3 of 7 cases; the reference file has it so.
      const uint64_t field = random_.Below(TruckFleet::kNumReadings);
      row.missing_field =
          static_cast<uint8_t>(row.is_diagnostics ? field % TruckFleet::kNumDiagnostics : field);
    }
    if (random_.Chance(kTagMissing)) {
      row.missing_tag = static_cast<uint8_t>(random_.Below(TruckFleet::kNumTags));
    }
  }

  std::optional<TruckRow> NextBase() {
    auto row = base_.Next();
    at_end_ = at_end_ || !row;
    return row;
  }

  BaseRows base_;
  Rng random_;
  std::deque<TruckRow> late_rows_;
  std::deque<Batch> late_batches_;
  Batch batch_;
  size_t next_ = 0;
  bool at_end_ = false;
};

}  // namespace

std::unique_ptr<RowSource> MakeTruckRows(const WorkloadOptions& options) {
  return std::make_unique<TruckRows>(options);
}

}  // namespace stria::bench
