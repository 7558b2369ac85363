#include "storage/wal/wal_format.h"

#include <charconv>

#include <fmt/core.h>

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"

namespace stria::storage {
namespace {

constexpr size_t kNameDigits = 20;

// Reads a T that is known to be there.
template <typename T>
T Take(std::span<const std::byte>& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes = bytes.subspan(sizeof(T));
  return value;
}

}  // namespace

std::string WalSegmentName(uint64_t segment) {
  return fmt::format("{:020}", segment);
}

std::optional<uint64_t> ParseWalSegmentName(const std::string& name) {
  uint64_t number = 0;
  if (name.size() != kNameDigits) return std::nullopt;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::vector<std::byte> EncodeWalSegmentHeader(const WalSegmentHeader& header) {
  std::vector<std::byte> block;
  block.reserve(kWalBlockBytes);
  AppendInteger(kWalMagic, block);
  AppendInteger(kWalVersion, block);
  AppendInteger(header.shard, block);
  AppendInteger(header.segment, block);
  AppendInteger(header.epoch, block);
  AppendInteger(header.nonce, block);
  AppendInteger(header.first_seq, block);
  AppendInteger(Checksum(block), block);
  static_assert(kWalSegmentHeaderBytes == 8 + 4 + 4 + 5 * 8);
  block.resize(kWalBlockBytes);
  return block;
}

std::optional<WalSegmentHeader> DecodeWalSegmentHeader(std::span<const std::byte> block,
                                                       uint64_t segment, uint32_t shard) {
  if (block.size() < kWalSegmentHeaderBytes) return std::nullopt;
  const auto covered = block.first(kWalSegmentHeaderBytes - 8);
  if (Take<uint64_t>(block) != kWalMagic || Take<uint32_t>(block) != kWalVersion) {
    return std::nullopt;
  }
  WalSegmentHeader header;
  header.shard = Take<uint32_t>(block);
  header.segment = Take<uint64_t>(block);
  header.epoch = Take<uint64_t>(block);
  header.nonce = Take<uint64_t>(block);
  header.first_seq = Take<uint64_t>(block);
  if (Take<uint64_t>(block) != Checksum(covered)) return std::nullopt;
  if (header.segment != segment || header.shard != shard) return std::nullopt;
  return header;
}

void AppendWalFrame(WalRecordType type, uint64_t seq, uint64_t durable, uint64_t nonce,
                    std::span<const std::byte> payload, std::vector<std::byte>& bytes) {
  const size_t begin = bytes.size();
  AppendInteger(static_cast<uint32_t>(payload.size()), bytes);
  AppendInteger(static_cast<uint16_t>(type), bytes);
  AppendInteger<uint16_t>(0, bytes);
  AppendInteger(seq, bytes);
  AppendInteger(durable, bytes);
  const uint64_t seed = Checksum(std::span(bytes).subspan(begin), nonce);
  AppendInteger(Checksum(payload, seed), bytes);
  AppendBytes(payload, bytes);
}

std::optional<WalFrame> DecodeWalFrame(std::span<const std::byte> bytes, uint64_t nonce) {
  if (bytes.size() < kWalFrameHeaderBytes) return std::nullopt;
  const auto covered = bytes.first(kWalFrameHeaderBytes - 8);
  auto rest = bytes;
  const auto length = Take<uint32_t>(rest);
  WalFrame frame;
  frame.type = static_cast<WalRecordType>(Take<uint16_t>(rest));
  const auto flags = Take<uint16_t>(rest);
  frame.seq = Take<uint64_t>(rest);
  frame.durable = Take<uint64_t>(rest);
  const auto checksum = Take<uint64_t>(rest);
  if (flags != 0 || length > rest.size() || frame.seq == 0) return std::nullopt;
  frame.payload = rest.first(length);
  frame.bytes = kWalFrameHeaderBytes + length;
  if (checksum != Checksum(frame.payload, Checksum(covered, nonce))) return std::nullopt;
  return frame;
}

}  // namespace stria::storage
