#include "bench/workload/truck_fleet.h"

#include <algorithm>
#include <span>

#include <fmt/core.h>

#include "bench/workload/row_text.h"

namespace stria::bench {
namespace {

struct Model {
  std::string_view name;
  int64_t numbers[3];  // In the order of kNumberNames.
};
constexpr Model kModels[] = {
    {"F-150", {2000, 200, 15}}, {"G-2000", {5000, 300, 19}}, {"H-2", {1500, 150, 12}}};
constexpr std::string_view kNumberNames[] = {
    "load_capacity=", "fuel_capacity=", "nominal_fuel_consumption="};
constexpr std::string_view kFleets[] = {"East", "West", "North", "South"};
constexpr std::string_view kDrivers[] = {"Derek", "Rodney", "Albert", "Andy", "Seth", "Trish"};
constexpr std::string_view kVersions[] = {"v1.0", "v1.5", "v2.0", "v2.3"};
constexpr size_t kNumTexts = 5;

// A field, and the walk behind it: steps are uniform within -step and step.
struct Reading {
  std::string_view name;
  int decimals;
  double step, max, min, first_max;  // Starts anywhere from 0 to first_max.
};
constexpr Reading kReadings[TruckFleet::kNumReadings] = {
    {"latitude=", 5, 0.005, 90, -90, 90},  {"longitude=", 5, 0.005, 180, -180, 180},
    {"elevation=", 0, 10, 5000, 0, 500},   {"velocity=", 0, 10, 100, 0, 0},
    {"heading=", 0, 5, 360, 0, 360},       {"grade=", 0, 5, 100, 0, 0},
    {"fuel_consumption=", 1, 5, 50, 0, 0},
};
constexpr size_t kFuelConsumption = 6;
constexpr double kFirstFuelConsumption = 25;

constexpr std::string_view kDiagnostics[TruckFleet::kNumDiagnostics] = {
    "fuel_state=", "current_load=", "status="};
enum Diagnostic : size_t { kFuelState, kCurrentLoad, kStatus };
constexpr double kMaxLoad = 5000;
// Measured in the reference file: one load for all trucks, another in 99.4 % of its 8,640 ticks.
constexpr double kLoadChanges = 0.995;

template <size_t size>
std::string_view Pick(const std::string_view (&choices)[size], Rng& random) {
  return choices[random.Below(size)];
}

char* WriteCut(char* out, double value, int decimals, NumberForm form) {
  switch (form) {
    case NumberForm::kStock: return WriteDecimals(out, value, decimals);
    case NumberForm::kTwoDecimals: return WriteDecimals(out, value, 2);
    case NumberForm::kFull: return WriteFull(out, value);
  }
  return out;
}

}  // namespace

TruckFleet::TruckFleet(uint64_t num_trucks, NumberForm form, Rng& random) : form_(form) {
  for (uint64_t index = 0; index < num_trucks; ++index) {
    Truck truck;
    const auto fleet = Pick(kFleets, random);
    const auto driver = Pick(kDrivers, random);
    truck.model = random.Below(std::size(kModels));
    truck.tags[0] = fmt::format(",name=truck_{}", index);
    truck.tags[1] = fmt::format(",fleet={}", fleet);
    truck.tags[2] = fmt::format(",driver={}", driver);
    truck.tags[3] = fmt::format(",model={}", kModels[truck.model].name);
    truck.tags[4] = fmt::format(",device_version={}", Pick(kVersions, random));
    std::string head;
    for (const auto& tag : truck.tags)
      head += tag;
    head += ' ';
    trucks_.push_back(std::move(truck));
    heads_.push_back(std::move(head));

    std::array<double, kNumReadings> values{};
    for (size_t i = 0; i < kNumReadings; ++i)
      values[i] = random.Uniform(0, kReadings[i].first_max);
    values[kFuelConsumption] = kFirstFuelConsumption;
    readings_.push_back(values);
    fuel_.push_back(1);
    status_.push_back(0);
  }
}

void TruckFleet::Step(Rng& random) {
  for (auto& values : readings_) {
    for (size_t i = 0; i < kNumReadings; ++i) {
      const Reading& reading = kReadings[i];
      values[i] = std::clamp(values[i] + random.Uniform(-reading.step, reading.step), reading.min,
                             reading.max);
    }
  }
  for (double& fuel : fuel_) {
    // Refilled in the tick after it ran out.
    fuel = fuel == 0 ? 1 : std::max(0.0, fuel - random.Uniform(0, 0.001));
  }
  for (double& status : status_)
    status = std::clamp(status + random.Normal(), 0.0, 5.0);
  if (random.Chance(kLoadChanges)) load_ = random.Uniform(0, kMaxLoad);
}

TruckRow TruckFleet::Read(uint64_t truck, bool diagnostics, int64_t time_ns) const {
  TruckRow row{.time_ns = time_ns, .truck = truck, .is_diagnostics = diagnostics};
  if (diagnostics) {
    row.values[kFuelState] = fuel_[truck];
    row.values[kCurrentLoad] = load_;
    row.values[kStatus] = status_[truck];
  } else {
    row.values = readings_[truck];
  }
  return row;
}

char* TruckFleet::WriteRow(const TruckRow& row, char* out) const {
  const Truck& truck = trucks_[row.truck];
  out = WriteText(out, row.is_diagnostics ? "diagnostics" : "readings");
  if (row.missing_tag >= kNumTexts) {
    out = WriteText(out, heads_[row.truck]);
  } else {
    for (size_t tag = 0; tag < kNumTexts; ++tag) {
      if (tag != row.missing_tag) out = WriteText(out, truck.tags[tag]);
    }
    *out++ = ' ';
  }
  for (size_t number = 0; number < std::size(kNumberNames); ++number) {
    if (number + kNumTexts == row.missing_tag) continue;
    out = WriteText(out, kNumberNames[number]);
    out = WriteInteger(out, kModels[truck.model].numbers[number]);
    *out++ = ',';
  }
  const size_t num_fields = row.is_diagnostics ? kNumDiagnostics : kNumReadings;
  for (size_t field = 0; field < num_fields; ++field) {
    if (field == row.missing_field) continue;
    const double value = row.values[field];
    if (!row.is_diagnostics) {
      out = WriteText(out, kReadings[field].name);
      out = WriteCut(out, value, kReadings[field].decimals, form_);
    } else {
      out = WriteText(out, kDiagnostics[field]);
      if (field == kStatus) {
        out = WriteWalk(out, value, NumberForm::kStock);
      } else {
        out = WriteCut(out, value, field == kFuelState ? 1 : 0, form_);
      }
    }
    *out++ = ',';
  }
  out[-1] = ' ';  // The comma after the last field.
  out = WriteInteger(out, row.time_ns);
  *out++ = '\n';
  return out;
}

}  // namespace stria::bench
