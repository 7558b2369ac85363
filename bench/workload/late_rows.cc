#include "bench/workload/late_rows.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bench/workload/hosts.h"
#include "bench/workload/random.h"
#include "bench/workload/row_text.h"

namespace stria::bench {
namespace {

constexpr uint64_t kMaxTicksLate = 10;
// A row comes again after at most so many others: what the retry of a batch looks like.
constexpr uint64_t kMaxRowsUntilRepeated = 1000;

class LateRows final : public RowSource {
 public:
  LateRows(const WorkloadOptions& options, std::unique_ptr<RowSource> rows)
      : rows_(std::move(rows)),
        random_(~options.seed),
        out_of_order_(options.out_of_order),
        duplicates_(options.duplicates),
        rows_per_tick_(options.scale * NumMeasurements(options.kind)) {}

  char* WriteRow(char* out) override {
    while (true) {
      if (!held_.empty() && (at_end_ || held_.front().due <= num_rows_)) return WriteHeld(out);
      char* const end = at_end_ ? nullptr : rows_->WriteRow(out);
      if (end == nullptr) {
        if (held_.empty()) return nullptr;
        at_end_ = true;
        continue;
      }
      ++num_rows_;
      const std::string_view row(out, static_cast<size_t>(end - out));
      if (duplicates_ > 0 && random_.Chance(duplicates_)) {
        Hold(row, 1 + random_.Below(kMaxRowsUntilRepeated));
      }
      if (out_of_order_ > 0 && random_.Chance(out_of_order_)) {
        // More than a tick, so that another row of its series comes first.
        Hold(row, (1 + random_.Below(kMaxTicksLate)) * rows_per_tick_ + 1);
        continue;
      }
      return end;
    }
  }

 private:
  struct HeldRow {
    uint64_t due = 0;  // Comes when so many rows have.
    uint64_t ordinal = 0;
    std::string text;

    // For a heap with the row that is due first on top.
    bool operator<(const HeldRow& other) const {
      return due != other.due ? due > other.due : ordinal > other.ordinal;
    }
  };

  void Hold(std::string_view row, uint64_t num_rows) {
    held_.push_back({num_rows_ + num_rows, num_held_++, std::string(row)});
    std::push_heap(held_.begin(), held_.end());
  }

  char* WriteHeld(char* out) {
    std::pop_heap(held_.begin(), held_.end());
    out = WriteText(out, held_.back().text);
    held_.pop_back();
    return out;
  }

  std::unique_ptr<RowSource> rows_;
  Rng random_;
  const double out_of_order_;
  const double duplicates_;
  const uint64_t rows_per_tick_;
  std::vector<HeldRow> held_;
  uint64_t num_rows_ = 0;
  uint64_t num_held_ = 0;
  bool at_end_ = false;
};

}  // namespace

std::unique_ptr<RowSource> MakeLateRows(const WorkloadOptions& options,
                                        std::unique_ptr<RowSource> rows) {
  return std::make_unique<LateRows>(options, std::move(rows));
}

}  // namespace stria::bench
