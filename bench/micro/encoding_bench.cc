// Each encoding of storage/encoding, one vector of 1,024 values after another. `items_per_second`
// is values. Vectors are few enough to stay in L2, so that the kernel is measured and not memory.

#include <bit>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/micro/cpu_rows.h"
#include "storage/encoding/alp.h"
#include "storage/encoding/alp_rd.h"
#include "storage/encoding/bit_packing.h"
#include "storage/encoding/bitmap.h"
#include "storage/encoding/constant.h"
#include "storage/encoding/delta.h"
#include "storage/encoding/integers.h"
#include "storage/encoding/linear_time.h"
#include "storage/encoding/plain.h"
#include "storage/encoding/run_length.h"
#include "storage/encoding/strings.h"
#include "storage/encoding/vector_codec.h"

namespace stria::storage {
namespace {

constexpr size_t kNumValues = kPackedValues;
constexpr size_t kNumVectors = 16;

using Bytes = std::vector<std::byte>;

void CountValues(benchmark::State& state, size_t num_values = kNumValues) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(num_values));
}

std::vector<uint64_t> RandomValues(unsigned width) {
  std::mt19937_64 random(width);
  std::vector<uint64_t> values(kNumValues);
  for (auto& value : values)
    value = random() >> (64 - width);
  return values;
}

// One field of one host.
std::vector<uint64_t> CpuValues() {
  std::minstd_rand random(1);
  bench::Walk walk(random);
  std::vector<uint64_t> values(kNumValues);
  for (auto& value : values)
    value = walk.Next(random);
  return values;
}

// Doubles with two decimals, as devices send them.
std::vector<uint64_t> DecimalBits() {
  std::vector<uint64_t> bits;
  for (const uint64_t value : CpuValues())
    bits.push_back(std::bit_cast<uint64_t>(static_cast<double>(value) + 0.25));
  return bits;
}

// ---- Bits. The argument is the width.

void BM_PackBits(benchmark::State& state) {
  const auto width = static_cast<unsigned>(state.range(0));
  Bytes lanes(kNumValues * LaneBits(width) / 8);
  Bytes packed(PackedBytes(width));
  for (auto _ : state) {
    PackBits(width, lanes.data(), packed.data());
    benchmark::ClobberMemory();
  }
  CountValues(state);
}
BENCHMARK(BM_PackBits)->Arg(7)->Arg(12)->Arg(24);

void BM_UnpackBits(benchmark::State& state) {
  const auto width = static_cast<unsigned>(state.range(0));
  std::mt19937_64 random(1);
  Bytes packed(PackedBytes(width));
  for (auto& byte : packed)
    byte = static_cast<std::byte>(random());
  Bytes lanes(kNumValues * LaneBits(width) / 8);
  for (auto _ : state) {
    UnpackBits(width, packed.data(), lanes.data());
    benchmark::ClobberMemory();
  }
  CountValues(state);
}
BENCHMARK(BM_UnpackBits)->Arg(7)->Arg(12)->Arg(14)->Arg(24)->Arg(48);

// ---- Integers

// The argument is the profile: 0 hot, 1 dense.
void BM_EncodeSmallest(benchmark::State& state) {
  const auto profile = static_cast<EncodingProfile>(state.range(0));
  const auto values = CpuValues();
  Bytes encoded;
  for (auto _ : state) {
    encoded.clear();
    benchmark::DoNotOptimize(EncodeSmallest(values, true, profile, encoded));
  }
  CountValues(state);
}
BENCHMARK(BM_EncodeSmallest)->Arg(0)->Arg(1);

void DecodeInteger(benchmark::State& state, EncodingId encoding, const Bytes& encoded,
                   uint32_t num_rows = kNumValues) {
  DecodedVector decoded;
  for (auto _ : state) {
    if (!DecodeFixedWidth(encoding, encoded, num_rows, decoded).ok())
      state.SkipWithError("damaged");
    benchmark::DoNotOptimize(decoded.view);
  }
  CountValues(state, num_rows);
}

void BM_EncodeFrameOfReference(benchmark::State& state) {
  const auto values = RandomValues(static_cast<unsigned>(state.range(0)));
  const IntegerStats stats = DescribeIntegers(values, false);
  Bytes encoded;
  for (auto _ : state) {
    encoded.clear();
    EncodeFrameOfReference(values, stats, encoded);
    benchmark::DoNotOptimize(encoded.data());
  }
  CountValues(state);
}
BENCHMARK(BM_EncodeFrameOfReference)->Arg(7)->Arg(12)->Arg(24);

void BM_DecodeFrameOfReference(benchmark::State& state) {
  const auto values = RandomValues(static_cast<unsigned>(state.range(0)));
  Bytes encoded;
  EncodeFrameOfReference(values, DescribeIntegers(values, false), encoded);
  DecodeInteger(state, EncodingId::kFrameOfReference, encoded);
}
BENCHMARK(BM_DecodeFrameOfReference)->Arg(7)->Arg(12)->Arg(24);

// A walk by steps of `bits` bits in lanes of `lane_bits`; one step in 256 is a leap, as in cpu
// values.
std::vector<uint64_t> Steps(unsigned bits, unsigned lane_bits) {
  std::mt19937_64 random(1);
  std::vector<uint64_t> values(kNumValues);
  const uint64_t range = uint64_t{1} << (lane_bits - 1);
  uint64_t value = range / 2;
  for (auto& out : values) {
    const uint64_t step = uint64_t{1} << bits;
    const uint64_t next = value + random() % step - step / 2;
    value = random() % 256 == 0 ? random() % range : next < range ? next : value;
    out = value;
  }
  return values;
}

// The arguments are bits of a step and of a lane.
void BM_EncodeDelta(benchmark::State& state) {
  const auto values =
      Steps(static_cast<unsigned>(state.range(0)), static_cast<unsigned>(state.range(1)));
  const IntegerStats stats = DescribeIntegers(values, false);
  Bytes encoded;
  for (auto _ : state) {
    encoded.clear();
    EncodeDelta(values, stats, PlanDelta(values, stats), encoded);
    benchmark::DoNotOptimize(encoded.data());
  }
  CountValues(state);
}
BENCHMARK(BM_EncodeDelta)->Args({3, 8});

void BM_DecodeDelta(benchmark::State& state) {
  const auto values =
      Steps(static_cast<unsigned>(state.range(0)), static_cast<unsigned>(state.range(1)));
  const IntegerStats stats = DescribeIntegers(values, false);
  Bytes encoded;
  EncodeDelta(values, stats, PlanDelta(values, stats), encoded);
  DecodeInteger(state, EncodingId::kDelta, encoded);
}
BENCHMARK(BM_DecodeDelta)->Args({3, 8})->Args({9, 16})->Args({9, 32});

// The limit on this machine of what sums up differences without vectors.
void BM_ScalarDeltas(benchmark::State& state) {
  const auto deltas = RandomValues(20);
  std::vector<uint64_t> sums(kNumValues);
  for (auto _ : state) {
    uint64_t sum = 0;
    for (size_t i = 0; i < kNumValues; ++i) {
      sum += deltas[i];
      sums[i] = sum;
    }
    benchmark::ClobberMemory();
  }
  CountValues(state);
}
BENCHMARK(BM_ScalarDeltas);

// One row of a vector, another each time.
template <typename DecodeRow>
void DecodeSingleRows(benchmark::State& state, const DecodeRow& decode_row) {
  uint32_t row = 0;
  for (auto _ : state) {
    uint64_t bits = 0;
    row = (row + 389) % kNumValues;
    if (!decode_row(std::span<const uint32_t>(&row, 1), &bits).ok()) state.SkipWithError("damaged");
    benchmark::DoNotOptimize(bits);
  }
  CountValues(state, 1);
}

void BM_DecodeDeltaRow(benchmark::State& state) {
  const auto values = Steps(3, 8);
  const IntegerStats stats = DescribeIntegers(values, false);
  Bytes encoded;
  EncodeDelta(values, stats, PlanDelta(values, stats), encoded);
  DecodeSingleRows(state, [&](auto rows, uint64_t* bits) {
    return DecodeDeltaRows(encoded, kNumValues, rows, bits);
  });
}
BENCHMARK(BM_DecodeDeltaRow);

void BM_DecodeFrameOfReferenceRow(benchmark::State& state) {
  const auto values = RandomValues(7);
  Bytes encoded;
  EncodeFrameOfReference(values, DescribeIntegers(values, false), encoded);
  DecodeSingleRows(state, [&](auto rows, uint64_t* bits) {
    return DecodeFrameOfReferenceRows(encoded, kNumValues, rows, bits);
  });
}
BENCHMARK(BM_DecodeFrameOfReferenceRow);

// Twenty runs.
std::vector<uint64_t> FewRuns() {
  std::vector<uint64_t> values(kNumValues);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = i / 52 * 7 % 13;
  return values;
}

void BM_EncodeRunLength(benchmark::State& state) {
  const auto values = FewRuns();
  const IntegerStats stats = DescribeIntegers(values, false);
  Bytes encoded;
  for (auto _ : state) {
    encoded.clear();
    EncodeRunLength(values, stats, encoded);
    benchmark::DoNotOptimize(encoded.data());
  }
  CountValues(state);
}
BENCHMARK(BM_EncodeRunLength);

void BM_DecodeRunLength(benchmark::State& state) {
  const auto values = FewRuns();
  Bytes encoded;
  EncodeRunLength(values, DescribeIntegers(values, false), encoded);
  DecodeInteger(state, EncodingId::kRunLength, encoded);
}
BENCHMARK(BM_DecodeRunLength);

void BM_DecodeBools(benchmark::State& state) {
  auto values = CpuValues();
  for (auto& value : values)
    value %= 2;
  Bytes encoded;
  EncodeBools(values, encoded);
  DecodedVector decoded;
  for (auto _ : state) {
    if (!DecodeBools(encoded, kNumValues, decoded).ok()) state.SkipWithError("damaged");
    benchmark::DoNotOptimize(decoded.view);
  }
  CountValues(state);
}
BENCHMARK(BM_DecodeBools);

// ---- Floats

// With two decimals, from a walk of cpu values.
std::vector<uint64_t> TwoDecimals() {
  std::mt19937_64 random(1);
  std::vector<uint64_t> bits;
  for (const uint64_t value : CpuValues())
    bits.push_back(
        std::bit_cast<uint64_t>(static_cast<double>(value * 100 + random() % 100) / 100));
  return bits;
}

// Hot: the frame of reference inside.
void BM_EncodeAlp(benchmark::State& state) {
  const auto bits = TwoDecimals();
  Bytes encoded;
  Decimals decimals;
  for (auto _ : state) {
    encoded.clear();
    if (FindDecimals(bits, decimals)) EncodeAlp(bits, decimals, EncodingProfile::kHot, encoded);
    benchmark::DoNotOptimize(encoded.data());
  }
  CountValues(state);
}
BENCHMARK(BM_EncodeAlp);

// To packed lanes (0) or on to doubles (1).
void BM_DecodeAlp(benchmark::State& state) {
  const auto bits = TwoDecimals();
  Bytes encoded;
  Decimals decimals;
  if (FindDecimals(bits, decimals)) EncodeAlp(bits, decimals, EncodingProfile::kHot, encoded);
  DecodedVector decoded;
  std::vector<uint64_t> doubles(kNumValues);
  for (auto _ : state) {
    if (!DecodeAlp(encoded, kNumValues, decoded).ok()) state.SkipWithError("damaged");
    if (state.range(0) == 1) decoded.view.CopyBits(doubles.data());
    benchmark::DoNotOptimize(decoded.view);
    benchmark::ClobberMemory();
  }
  CountValues(state);
}
BENCHMARK(BM_DecodeAlp)->Arg(0)->Arg(1);

std::vector<uint64_t> FullPrecision() {
  std::mt19937_64 random(1);
  std::vector<uint64_t> bits;
  for (const uint64_t value : CpuValues())
    bits.push_back(std::bit_cast<uint64_t>(static_cast<double>(value) +
                                           static_cast<double>(random()) * 0x1p-64));
  return bits;
}

void BM_EncodeAlpRd(benchmark::State& state) {
  const auto bits = FullPrecision();
  Bytes encoded;
  for (auto _ : state) {
    encoded.clear();
    EncodeAlpRd(bits, PlanFronts(bits), encoded);
    benchmark::DoNotOptimize(encoded.data());
  }
  CountValues(state);
}
BENCHMARK(BM_EncodeAlpRd);

void BM_DecodeAlpRd(benchmark::State& state) {
  const auto bits = FullPrecision();
  Bytes encoded;
  EncodeAlpRd(bits, PlanFronts(bits), encoded);
  DecodedVector decoded;
  for (auto _ : state) {
    if (!DecodeAlpRd(encoded, kNumValues, decoded).ok()) state.SkipWithError("damaged");
    benchmark::DoNotOptimize(decoded.view);
  }
  CountValues(state);
}
BENCHMARK(BM_DecodeAlpRd);

void BM_DecodeNarrow(benchmark::State& state) {
  auto values = CpuValues();
  values.resize(60);
  Bytes encoded;
  EncodeNarrow(values, DescribeIntegers(values, false), encoded);
  DecodeInteger(state, EncodingId::kNarrow, encoded, 60);
}
BENCHMARK(BM_DecodeNarrow);

void BM_DecodeConstant(benchmark::State& state) {
  Bytes encoded;
  EncodeConstant(42, encoded);
  DecodeInteger(state, EncodingId::kConstant, encoded);
}
BENCHMARK(BM_DecodeConstant);

void BM_EncodePlain(benchmark::State& state) {
  const auto values = RandomValues(63);
  Bytes encoded;
  for (auto _ : state) {
    encoded.clear();
    EncodePlain(values, encoded);
    benchmark::DoNotOptimize(encoded.data());
  }
  CountValues(state);
}
BENCHMARK(BM_EncodePlain);

void BM_DecodePlain(benchmark::State& state) {
  Bytes encoded;
  EncodePlain(RandomValues(63), encoded);
  DecodeInteger(state, EncodingId::kPlain, encoded);
}
BENCHMARK(BM_DecodePlain);

// ---- Times. The argument is the jitter, ms; 0 leaves out one row in nine instead.

std::vector<int64_t> Times(int64_t jitter_ms) {
  std::mt19937_64 random(1);
  std::vector<int64_t> times;
  for (int64_t i = 0; times.size() < kNumValues; ++i) {
    int64_t time = bench::kStartNs + i * bench::kStepNs;
    if (jitter_ms == 0 && i % 9 == 4) continue;
    if (jitter_ms > 0) time += static_cast<int64_t>(random() % 41) * jitter_ms * 50'000;
    times.push_back(time);
  }
  return times;
}

void BM_EncodeTimes(benchmark::State& state) {
  const auto times = Times(state.range(0));
  Bytes encoded;
  for (auto _ : state) {
    encoded.clear();
    EncodeTimes(times, encoded);
    benchmark::DoNotOptimize(encoded.data());
  }
  CountValues(state);
}
BENCHMARK(BM_EncodeTimes)->Arg(0)->Arg(20);

void BM_DecodeTimes(benchmark::State& state) {
  const auto times = Times(state.range(0));
  Bytes encoded;
  EncodeTimes(times, encoded);
  std::vector<int64_t> decoded(times.size());
  for (auto _ : state) {
    if (!DecodeTimes(encoded, times.front(), times.back(), decoded).ok())
      state.SkipWithError("damaged");
    benchmark::ClobberMemory();
  }
  CountValues(state);
}
BENCHMARK(BM_DecodeTimes)->Arg(0)->Arg(20);

// ---- Strings. The argument is how many distinct ones there are.

struct Texts {
  std::vector<std::string> owned;
  std::vector<std::string_view> views;

  explicit Texts(int64_t num_distinct) {
    std::mt19937_64 random(1);
    owned.reserve(kNumValues);
    for (size_t i = 0; i < kNumValues; ++i) {
      owned.push_back("state " + std::to_string(random() % static_cast<uint64_t>(num_distinct)));
      views.push_back(owned.back());
    }
  }
};

void BM_EncodeStrings(benchmark::State& state) {
  const Texts texts(state.range(0));
  Bytes encoded;
  for (auto _ : state) {
    encoded.clear();
    benchmark::DoNotOptimize(EncodeStrings(texts.views, EncodingProfile::kHot, encoded));
  }
  CountValues(state);
}
BENCHMARK(BM_EncodeStrings)->Arg(12)->Arg(1'000'000);

void BM_DecodeStrings(benchmark::State& state) {
  const Texts texts(state.range(0));
  Bytes encoded;
  const EncodingId encoding = EncodeStrings(texts.views, EncodingProfile::kHot, encoded);
  DecodedVector decoded;
  for (auto _ : state) {
    if (!DecodeStrings(encoding, encoded, kNumValues, decoded).ok()) state.SkipWithError("damaged");
    benchmark::DoNotOptimize(decoded.view);
  }
  CountValues(state);
}
BENCHMARK(BM_DecodeStrings)->Arg(12)->Arg(1'000'000);

// ---- Whole vectors, as parts hold them: kind 0 = cpu integers, 1 = the same with one NULL in ten,
// 2 = doubles with two decimals.

struct Vector {
  DataType type = DataType::kInt64;
  std::vector<uint64_t> bits = CpuValues();
  std::vector<uint8_t> validity;

  explicit Vector(int64_t kind) {
    if (kind == 2) {
      type = DataType::kFloat64;
      bits = DecimalBits();
    }
    if (kind == 1) {
      for (size_t i = 0; i < bits.size(); ++i)
        validity.push_back(i % 10 != 3);
    }
  }
  VectorInput input() const {
    return {.type = type, .bits = bits, .strings = {}, .validity = validity};
  }
};

void BM_EncodeVector(benchmark::State& state) {
  const Vector vector(state.range(0));
  Bytes encoded;
  for (auto _ : state) {
    encoded.clear();
    EncodeVector(vector.input(), EncodingProfile::kHot, encoded);
    benchmark::DoNotOptimize(encoded.data());
  }
  CountValues(state);
}
BENCHMARK(BM_EncodeVector)->DenseRange(0, 2);

void BM_DecodeVector(benchmark::State& state) {
  const Vector vector(state.range(0));
  std::vector<Bytes> encoded(kNumVectors);
  for (auto& bytes : encoded)
    EncodeVector(vector.input(), EncodingProfile::kHot, bytes);
  DecodedVector decoded;
  for (auto _ : state) {
    for (const auto& bytes : encoded) {
      if (!DecodeVector(bytes, vector.type, kNumValues, decoded).ok())
        state.SkipWithError("damaged");
      benchmark::DoNotOptimize(decoded.view);
    }
  }
  CountValues(state, kNumVectors * kNumValues);
}
BENCHMARK(BM_DecodeVector)->DenseRange(0, 2);

}  // namespace
}  // namespace stria::storage

BENCHMARK_MAIN();
