// Reading and writing little-endian integers, varints and strings in byte strings.
//
// ByteReader never reads past its end: a short input gives kCorruption, at every call. That is what
// lets decoders be written as straight lines and still be safe on any bytes.

#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/errors.h"
#include "storage/base/status.h"

namespace stria {

static_assert(std::endian::native == std::endian::little, "integers are copied as they lie");

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;

inline std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A position in a byte string that someone else owns and keeps alive.
///
/// Thread safety: thread-compatible.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) noexcept : rest_(bytes) {}

  /// Takes the next sizeof(T) bytes as a little-endian T. Fails with kCorruption at the end.
  template <std::integral T>
  Result<T> Read() {
    if (rest_.size() < sizeof(T)) {
      return Corruption("need {} bytes, have {}", sizeof(T), rest_.size());
    }
    T value;
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }

  /// Takes an unsigned LEB128 integer of at most 10 bytes.
  Result<uint64_t> ReadVarint() {
    uint64_t value = 0;
    if (!TakeVarint(value)) return Corruption("varint cut short or over 64 bits");
    return value;
  }

  /// ReadVarint() for loops over many: false, and nothing else to know, where that fails.
  bool TakeVarint(uint64_t& value) noexcept {
    const std::byte* bytes = rest_.data();
    const size_t end = rest_.size() < 10 ? rest_.size() : 10;
    uint64_t sum = 0;
    for (size_t i = 0; i < end; ++i) {
      const auto byte = std::to_integer<uint64_t>(bytes[i]);
      if (i == 9 && byte > 1) return false;
      sum |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        value = sum;
        rest_ = rest_.subspan(i + 1);
        return true;
      }
    }
    return false;
  }

  /// Read<uint8_t>() likewise.
  bool TakeByte(uint8_t& value) noexcept {
    if (rest_.empty()) return false;
    value = std::to_integer<uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return true;
  }

  /// Takes the next `size` bytes; they live as long as the bytes this reader was given.
  Result<std::span<const std::byte>> ReadBytes(size_t size) {
    if (rest_.size() < size) return Corruption("need {} bytes, have {}", size, rest_.size());
    const auto bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }

  /// Takes a string written by AppendString().
  Result<std::string_view> ReadString() {
    STRIA_ASSIGN_OR_RETURN(const uint64_t size, ReadVarint());
    if (rest_.size() < size) return Corruption("need {} bytes, have {}", size, rest_.size());
    STRIA_ASSIGN_OR_RETURN(const auto bytes, ReadBytes(static_cast<size_t>(size)));
    return AsText(bytes);
  }

  bool empty() const noexcept { return rest_.empty(); }
  size_t num_remaining() const noexcept { return rest_.size(); }
  std::span<const std::byte> rest() const noexcept { return rest_; }

 private:
  std::span<const std::byte> rest_;
};

/// Appends `value` to `bytes`, little-endian.
template <std::integral T>
void AppendInteger(T value, std::vector<std::byte>& bytes) {
  const size_t offset = bytes.size();
  bytes.resize(offset + sizeof(T));
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

/// Appends `value` as unsigned LEB128: 7 bits a byte, low bits first.
inline void AppendVarint(uint64_t value, std::vector<std::byte>& bytes) {
  for (; value >= 0x80; value >>= 7)
    bytes.push_back(static_cast<std::byte>(value | 0x80));
  bytes.push_back(static_cast<std::byte>(value));
}

inline void AppendBytes(std::span<const std::byte> data, std::vector<std::byte>& bytes) {
  bytes.insert(bytes.end(), data.begin(), data.end());
}

/// Appends a varint length and the bytes of `text`.
inline void AppendString(std::string_view text, std::vector<std::byte>& bytes) {
  AppendVarint(text.size(), bytes);
  AppendBytes(AsBytes(text), bytes);
}

}  // namespace stria
