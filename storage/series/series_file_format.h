// The constants of series files, see docs/format/series.md.

#pragma once

#include <cstddef>
#include <cstdint>

namespace stria::storage {

inline constexpr uint64_t kSeriesFileMagic = 0x5245534149525453;  // "STRIASER"
inline constexpr uint32_t kSeriesFileVersion1 = 1;
inline constexpr uint32_t kSeriesFileVersion = 2;
inline constexpr size_t kSeriesFileHeaderBytes = 16;

/// What a block holds.
enum class SeriesBlock : uint8_t { kTable = 1, kValues = 2, kRows = 3, kEnd = 4 };
enum class SeriesCodec : uint8_t { kPlain = 0, kZstd = 1 };

/// length u32, raw length u32, kind u8, codec u8, zero u16, checksum u64.
inline constexpr size_t kSeriesBlockHeaderBytes = 20;
inline constexpr size_t kSeriesBlockCheckedBytes = 12;  ///< of the header, before the checksum

/// Of a block before it is packed: bounds what a reader allocates.
inline constexpr uint32_t kMaxSeriesBlockBytes = 64 << 20;
inline constexpr uint32_t kMaxSeriesBlockRows = 1 << 16;

/// Forms of a column of codes; the others are the bytes of each code.
inline constexpr uint8_t kEqualCodes = 0;
inline constexpr uint8_t kCountingCodes = 3;

}  // namespace stria::storage
