// Each encoding of storage/encoding, one vector of 1,024 values after another. `items_per_second`
// is values. Vectors are few enough to stay in L2, so that the kernel is measured and not memory.

#include <bit>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/micro/cpu_rows.h"
#include "storage/encoding/bit_packing.h"
#include "storage/encoding/constant.h"
#include "storage/encoding/integers.h"
#include "storage/encoding/linear_time.h"
#include "storage/encoding/plain.h"
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
BENCHMARK(BM_UnpackBits)->Arg(7)->Arg(12)->Arg(24)->Arg(48);

// ---- Integers

void BM_EncodeSmallest(benchmark::State& state) {
  const auto values = CpuValues();
  Bytes encoded;
  for (auto _ : state) {
    encoded.clear();
    benchmark::DoNotOptimize(EncodeSmallest(values, true, encoded));
  }
  CountValues(state);
}
BENCHMARK(BM_EncodeSmallest);

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
    benchmark::DoNotOptimize(EncodeStrings(texts.views, encoded));
  }
  CountValues(state);
}
BENCHMARK(BM_EncodeStrings)->Arg(12)->Arg(1'000'000);

void BM_DecodeStrings(benchmark::State& state) {
  const Texts texts(state.range(0));
  Bytes encoded;
  const EncodingId encoding = EncodeStrings(texts.views, encoded);
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
    EncodeVector(vector.input(), encoded);
    benchmark::DoNotOptimize(encoded.data());
  }
  CountValues(state);
}
BENCHMARK(BM_EncodeVector)->DenseRange(0, 2);

void BM_DecodeVector(benchmark::State& state) {
  const Vector vector(state.range(0));
  std::vector<Bytes> encoded(kNumVectors);
  for (auto& bytes : encoded)
    EncodeVector(vector.input(), bytes);
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
