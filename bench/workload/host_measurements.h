// What the measurements of devops consist of, as tables: extra tags, walks and fields.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bench/workload/random.h"

namespace stria::bench {

/// A number that takes a random step in every tick.
struct Walk {
  enum class Start : uint8_t { kFixed, kUniform };

  double mean = 0;
  double deviation = 1;
  double min = 0;
  double max = 0;
  bool grows = false;  ///< steps are taken by their size: a counter
  Start start = Start::kFixed;
  double first = 0;  ///< where it starts when that is fixed; else anywhere from min to max
};

/// What a field that is no walk is computed from.
struct FieldInputs {
  const double* walks = nullptr;  ///< those of the host's measurement
  double constant = 0;            ///< of the host's measurement, drawn once
  int64_t tick_seconds = 0;       ///< since the start
};

struct FieldDef {
  std::string_view name;
  int walk = -1;                                    ///< index into the walks, or
  double (*compute)(const FieldInputs&) = nullptr;  ///< the value of a field that is none
  bool is_float = false;                            ///< a computed one with all its digits
};

struct MeasurementDef {
  std::string_view name;
  std::string (*extra_tags)(Rng&) = nullptr;  ///< ",path=/dev/sda3"; may be null
  double (*constant)(Rng&) = nullptr;         ///< may be null
  std::span<const Walk> walks;
  std::span<const FieldDef> fields;
};

/// All nine, in the order of the files; cpu-only is the first alone.
std::span<const MeasurementDef> HostMeasurements();

}  // namespace stria::bench
