#include "storage/encoding/text.h"

#include <limits>

#include <lz4.h>
#include <zstd.h>

#include "storage/base/bytes.h"
#include "storage/base/errors.h"
#include "storage/encoding/integers.h"

namespace stria::storage {
namespace {

enum class Packing : uint8_t { kNone = 0, kLz4 = 1, kZstd = 2 };

constexpr size_t kMinPackedBytes =
    512;  // A guess: below, the packer's own bytes eat what it saves.
constexpr uint64_t kMaxTextBytes = uint64_t{1} << 30;  // Of packed text; below LZ4's own limit.
static_assert(kMaxTextBytes <= LZ4_MAX_INPUT_SIZE);
// LZ4 cannot do better than 255. zstd could: text that it packs better than this is left to LZ4, so
// that damage cannot ask for much memory.
constexpr uint64_t kMaxPackingRatio = 256;
constexpr int kZstdLevel = 1;  // Level 9 saves nothing more on columns of devices.

std::vector<std::byte> PackLz4(std::span<const std::byte> text) {
  const int bound = LZ4_compressBound(static_cast<int>(text.size()));
  std::vector<std::byte> packed(static_cast<size_t>(bound));
  const int size = LZ4_compress_default(reinterpret_cast<const char*>(text.data()),
                                        reinterpret_cast<char*>(packed.data()),
                                        static_cast<int>(text.size()), bound);
  packed.resize(static_cast<size_t>(size));
  return packed;
}

std::vector<std::byte> PackZstd(std::span<const std::byte> text) {
  std::vector<std::byte> packed(ZSTD_compressBound(text.size()));
  const size_t size =
      ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), kZstdLevel);
  packed.resize(ZSTD_isError(size) != 0 ? 0 : size);
  return packed;
}

void AppendTextBytes(Packing packing, size_t size, std::span<const std::byte> bytes,
                     std::vector<std::byte>& encoded) {
  AppendInteger(static_cast<uint8_t>(packing), encoded);
  AppendVarint(size, encoded);
  AppendBytes(bytes, encoded);
}

// Appends the bytes of all strings, packed where that is worth it.
void EncodeTextBytes(std::span<const std::byte> text, EncodingProfile profile,
                     std::vector<std::byte>& encoded) {
  if (text.size() < kMinPackedBytes || text.size() > kMaxTextBytes) {
    return AppendTextBytes(Packing::kNone, text.size(), text, encoded);
  }
  if (profile == EncodingProfile::kDense) {
    const auto packed = PackZstd(text);
    if (!packed.empty() && packed.size() <= text.size() - text.size() / 5 &&
        text.size() / kMaxPackingRatio < packed.size()) {
      return AppendTextBytes(Packing::kZstd, text.size(), packed, encoded);
    }
  }
  const auto packed = PackLz4(text);
  if (!packed.empty() && packed.size() < text.size() - text.size() / 8) {
    return AppendTextBytes(Packing::kLz4, text.size(), packed, encoded);
  }
  AppendTextBytes(Packing::kNone, text.size(), text, encoded);
}

Result<std::span<const std::byte>> DecodeTextBytes(ByteReader& reader,
                                                   std::vector<std::byte>& unpacked) {
  STRIA_ASSIGN_OR_RETURN(const auto packed, reader.Read<uint8_t>());
  STRIA_ASSIGN_OR_RETURN(const auto size, reader.ReadVarint());
  const auto bytes = reader.rest();
  const auto packing = static_cast<Packing>(packed);
  if (packing == Packing::kNone) {
    if (size != bytes.size()) return Corruption("{} bytes of text, want {}", bytes.size(), size);
    return bytes;
  }
  if (packing != Packing::kLz4 && packing != Packing::kZstd) {
    return Corruption("text packed in way {}", packed);
  }
  if (size > kMaxTextBytes || size / kMaxPackingRatio > bytes.size() ||
      bytes.size() > std::numeric_limits<int>::max()) {
    return Corruption("{} bytes cannot unpack to {}", bytes.size(), size);
  }
  unpacked.resize(static_cast<size_t>(size));
  if (packing == Packing::kLz4) {
    const int got = LZ4_decompress_safe(reinterpret_cast<const char*>(bytes.data()),
                                        reinterpret_cast<char*>(unpacked.data()),
                                        static_cast<int>(bytes.size()), static_cast<int>(size));
    if (got < 0 || static_cast<uint64_t>(got) != size) return Corruption("damaged LZ4 block");
  } else {
    const size_t got =
        ZSTD_decompress(unpacked.data(), unpacked.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(got) != 0 || got != size) return Corruption("damaged zstd frame");
  }
  return std::span<const std::byte>(unpacked);
}

}  // namespace

void EncodeText(std::span<const std::string_view> strings, EncodingProfile profile,
                std::vector<std::byte>& encoded) {
  std::vector<uint64_t> lengths;
  std::vector<std::byte> text;
  lengths.reserve(strings.size());
  for (const auto string : strings) {
    lengths.push_back(string.size());
    AppendBytes(AsBytes(string), text);
  }
  EncodeIntegers(lengths, false, encoded);
  EncodeTextBytes(text, profile, encoded);
}

Status DecodeText(std::span<const std::byte> encoded, size_t num_strings,
                  std::vector<std::string_view>& strings, std::vector<std::byte>& unpacked) {
  // An encoded block of 1,024 lengths takes at least 10 bytes.
  if (num_strings / kVectorRows > encoded.size()) return Corruption("{} strings", num_strings);
  ByteReader reader(encoded);
  std::vector<uint64_t> lengths(num_strings);
  STRIA_RETURN_IF_ERROR(DecodeIntegers(reader, lengths));
  STRIA_ASSIGN_OR_RETURN(auto text, DecodeTextBytes(reader, unpacked));
  strings.resize(num_strings);
  for (size_t i = 0; i < num_strings; ++i) {
    if (lengths[i] > text.size()) return Corruption("string {} reaches past the text", i);
    strings[i] = AsText(text.first(static_cast<size_t>(lengths[i])));
    text = text.subspan(static_cast<size_t>(lengths[i]));
  }
  if (!text.empty()) return Corruption("bytes after the last string: {}", text.size());
  return Status::Ok();
}

}  // namespace stria::storage
