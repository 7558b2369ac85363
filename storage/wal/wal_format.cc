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

struct FrameHead {
  uint32_t length = 0;
  uint16_t type = 0;
  uint64_t seq = 0;
  uint64_t durable = 0;
  uint64_t checksum = 0;
};

// Nullopt when the fields contradict each other or the end of `bytes`, which costs nothing to see.
// The checksum is not compared.
std::optional<FrameHead> ReadFrameHead(std::span<const std::byte> bytes) {
  if (bytes.size() < kWalFrameHeaderBytes) return std::nullopt;
  FrameHead head;
  head.length = Take<uint32_t>(bytes);
  head.type = Take<uint16_t>(bytes);
  const auto flags = Take<uint16_t>(bytes);
  head.seq = Take<uint64_t>(bytes);
  head.durable = Take<uint64_t>(bytes);
  head.checksum = Take<uint64_t>(bytes);
  static_assert(kWalFrameHeaderBytes == 4 + 2 + 2 + 3 * 8);
  if (flags != 0 || head.length > bytes.size() || head.durable >= head.seq) return std::nullopt;
  return head;
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

std::optional<WalSegmentHeader> DecodeAnyWalSegmentHeader(std::span<const std::byte> block) {
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
  return header;
}

std::optional<WalSegmentHeader> DecodeWalSegmentHeader(std::span<const std::byte> block,
                                                       uint64_t segment, uint32_t shard) {
  const auto header = DecodeAnyWalSegmentHeader(block);
  if (!header.has_value() || header->segment != segment || header->shard != shard) {
    return std::nullopt;
  }
  return header;
}

std::optional<uint32_t> WalSegmentVersion(std::span<const std::byte> block) {
  if (block.size() < kWalSegmentHeaderBytes) return std::nullopt;
  if (Take<uint64_t>(block) != kWalMagic) return std::nullopt;
  return Take<uint32_t>(block);
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
  const auto head = ReadFrameHead(bytes);
  if (!head.has_value()) return std::nullopt;
  const WalFrame frame{.type = static_cast<WalRecordType>(head->type),
                       .seq = head->seq,
                       .durable = head->durable,
                       .payload = bytes.subspan(kWalFrameHeaderBytes, head->length),
                       .bytes = kWalFrameHeaderBytes + head->length};
  const auto covered = bytes.first(kWalFrameHeaderBytes - 8);
  if (head->checksum != Checksum(frame.payload, Checksum(covered, nonce))) return std::nullopt;
  return frame;
}

bool LooksLikeWalFrame(std::span<const std::byte> bytes, uint64_t least_seq) {
  const auto head = ReadFrameHead(bytes);
  return head.has_value() && head->type <= static_cast<uint16_t>(WalRecordType::kFence) &&
         head->type != 0 && head->seq >= least_seq;
}

}  // namespace stria::storage
