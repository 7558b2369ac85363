// What every test of an encoding does: spell bytes, draw random values from a printed seed, and try
// a decoder on what its encoder did not write.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/base/bytes.h"
#include "storage/base/status.h"
#include "storage/encoding/encoding.h"

namespace stria::storage {

/// A generator seeded from STRIA_TEST_SEED, or 1; the seed is printed.
inline std::mt19937_64 SeededRandom() {
  const char* text = std::getenv("STRIA_TEST_SEED");
  const uint64_t seed = text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
  std::cout << "STRIA_TEST_SEED=" << seed << "\n";
  return std::mt19937_64(seed);
}

/// Bytes spelled as numbers 0..255.
inline std::vector<std::byte> Bytes(const std::vector<int>& numbers) {
  std::vector<std::byte> bytes(numbers.size());
  std::ranges::transform(numbers, bytes.begin(),
                         [](int number) { return static_cast<std::byte>(number); });
  return bytes;
}

/// A little-endian uint64, then further bytes: the usual head of an encoding of integers.
inline std::vector<std::byte> Bytes(uint64_t first, const std::vector<int>& numbers) {
  std::vector<std::byte> bytes;
  AppendInteger(first, bytes);
  AppendBytes(Bytes(numbers), bytes);
  return bytes;
}

inline std::vector<std::byte> operator+(std::vector<std::byte> left,
                                        const std::vector<std::byte>& right) {
  AppendBytes(right, left);
  return left;
}

/// Fails unless `decode` calls every proper prefix of `encoded`, and `encoded` with a byte more,
/// corrupt. Each is handed over in memory of its own size, so that a sanitizer sees reads past it.
template <typename Decode>
void ExpectOtherLengthsRefused(const std::vector<std::byte>& encoded, const Decode& decode) {
  for (size_t size = 0; size < encoded.size(); ++size) {
    const std::vector<std::byte> prefix(encoded.begin(),
                                        encoded.begin() + static_cast<std::ptrdiff_t>(size));
    const Status status = decode(std::span<const std::byte>(prefix));
    ASSERT_EQ(status.code(), StatusCode::kCorruption) << "prefix of " << size << " bytes";
  }
  std::vector<std::byte> longer = encoded;
  longer.push_back(std::byte{0});
  const Status status = decode(std::span<const std::byte>(longer));
  ASSERT_EQ(status.code(), StatusCode::kCorruption) << "with a byte left over";
}

/// Calls `decode` with `encoded` damaged in a random place, and with bytes out of nothing. Any
/// outcome is right but a crash, a read outside, or another code than kCorruption.
template <typename Decode>
void ExpectGarbageHandled(const std::vector<std::byte>& encoded, std::mt19937_64& random,
                          const Decode& decode) {
  for (int attempt = 0; attempt < 2000; ++attempt) {
    std::vector<std::byte> garbage = encoded;
    if (attempt % 4 == 0) {
      garbage.resize(random() % 64);
      for (auto& byte : garbage)
        byte = static_cast<std::byte>(random());
    } else {
      for (uint64_t i = 0; i <= random() % 3; ++i)
        garbage[random() % std::min<size_t>(garbage.size(), 1 + random() % 64)] =
            static_cast<std::byte>(random());
      if (attempt % 4 == 1) garbage.resize(random() % (garbage.size() + 1));
    }
    const Status status = decode(std::span<const std::byte>(garbage));
    if (!status.ok()) {
      ASSERT_EQ(status.code(), StatusCode::kCorruption) << status.ToString();
    }
  }
}

/// Fails unless `decoded` has `values`, row by row and copied.
inline void ExpectValues(const DecodedVector& decoded, const std::vector<uint64_t>& values) {
  ASSERT_EQ(decoded.view.num_rows, values.size());
  for (size_t row = 0; row < values.size(); ++row)
    ASSERT_EQ(decoded.view.Bits(row), values[row]) << row;
  std::vector<uint64_t> copied(values.size());
  decoded.view.CopyBits(copied.data());
  ASSERT_EQ(copied, values);
}

/// Fails unless `decode_rows(rows, bits)`, a decoder of single rows, finds `values`: of every row
/// alone, and of a few together.
template <typename DecodeRows>
void ExpectRows(const std::vector<uint64_t>& values, std::mt19937_64& random,
                const DecodeRows& decode_rows) {
  const auto expect = [&](const std::vector<uint32_t>& rows) {
    std::vector<uint64_t> bits(rows.size(), 0xdead);
    const Status status = decode_rows(std::span<const uint32_t>(rows), bits.data());
    ASSERT_TRUE(status.ok()) << status.ToString();
    for (size_t i = 0; i < rows.size(); ++i)
      ASSERT_EQ(bits[i], values[rows[i]]) << "row " << rows[i] << ", as number " << i;
  };
  const size_t step = 1 + random() % (1 + values.size() / 20);
  for (size_t row = 0; row < values.size(); row += step)
    ASSERT_NO_FATAL_FAILURE(expect({static_cast<uint32_t>(row)}));
  std::vector<uint32_t> some;
  for (uint32_t row = 0; row < values.size(); ++row) {
    if (row == 0 || row + 1 == values.size() || random() % 97 == 0) some.push_back(row);
  }
  ASSERT_NO_FATAL_FAILURE(expect(some));
  expect({});
}

/// `num_rows` values of which the greatest is `greatest` above the least, in random order.
inline std::vector<uint64_t> RandomValues(std::mt19937_64& random, size_t num_rows, uint64_t least,
                                          uint64_t greatest) {
  std::vector<uint64_t> values(num_rows);
  for (auto& value : values)
    value = least + (greatest == UINT64_MAX ? random() : random() % (greatest + 1));
  if (num_rows >= 2) {
    values[random() % (num_rows / 2)] = least;
    values[num_rows / 2 + random() % (num_rows - num_rows / 2)] = least + greatest;
  }
  return values;
}

}  // namespace stria::storage
