// The trucks themselves, undisturbed: what each measures in every tick.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/workload/random.h"
#include "bench/workload/workload.h"

namespace stria::bench {

/// One row before it is written: late rows wait in this form.
struct TruckRow {
  static constexpr uint8_t kNone = 255;

  int64_t time_ns = 0;
  uint64_t truck = 0;
  bool is_diagnostics = false;
  uint8_t missing_field = kNone;  ///< left out
  uint8_t missing_tag = kNone;    ///< 0 to 4: a text; 5 to 7: a number that comes among the fields
  std::array<double, 7> values{};
};

/// Thread safety: confined.
class TruckFleet {
 public:
  static constexpr size_t kNumReadings = 7;
  static constexpr size_t kNumDiagnostics = 3;
  static constexpr size_t kNumTags = 8;

  TruckFleet(uint64_t num_trucks, NumberForm form, Rng& random);

  /// One tick later.
  void Step(Rng& random);

  /// What truck `truck` measures now.
  TruckRow Read(uint64_t truck, bool diagnostics, int64_t time_ns) const;

  char* WriteRow(const TruckRow& row, char* out) const;

  uint64_t num_trucks() const { return trucks_.size(); }

 private:
  struct Truck {
    std::string tags[5];  // ",name=truck_0" and so on.
    size_t model = 0;
  };

  const NumberForm form_;
  std::vector<Truck> trucks_;
  std::vector<std::string> heads_;  // All tags, where none is missing.
  std::vector<std::array<double, kNumReadings>> readings_;
  std::vector<double> fuel_;
  std::vector<double> status_;
  double load_ = 0;  // The same for all trucks.
};

}  // namespace stria::bench
