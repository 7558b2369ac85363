// The bytes of a part: rows of one table and shard, sorted by (series key, time), immutable.
//
// A part is a range of a file (small parts share one); offsets count from its first byte. Integers
// are little-endian. A *block* is a payload followed by its XXH3-64, seeded with the block's offset
// in the part, and is read and verified as a whole. Nothing outside a block, but for the header, is
// trusted.
//
//   header:  magic "STRIAPRT", version uint32 = 1, zero uint32
//   blocks:  for each row group: for each column its pages and then its zone maps; then its times.
//            Then the directory pages, each followed by its page of keys
//   footer:  a block, see part_footer.h
//   trailer: length of the footer block uint32, version uint32, magic "STRIAEND"
//
// Rows lie on a grid: a row group has at most 262,144 rows, a page 16 vectors, a vector 1,024 rows;
// only the last of each may have fewer. A run (the rows of one series) that crosses a row group's
// end is cut in two. Row groups have no absolute positions, so that they may be copied.
//
//   page:      lengths of its vectors: integers (see integers.h);
//              the vectors one after the other, see vector_codec.h
//   zone maps: see zone_map.h, one for each vector of the row group
//   times:     see linear_time.h, of the runs that are not linear, one after the other;
//              a new block is begun when 64 KiB are reached
//   directory: of 1,024 runs, attribute by attribute, each as integers: series id, rows,
//              first time (signed), last time - first time, step (signed; 0 when not linear),
//              bytes in the times block (0 when linear)
//   keys:      of the same 1,024 runs, as text, see strings.h
//
// A column without a value in a row group has no pages; a page without a value has length 0.

#pragma once

#include <cstddef>
#include <cstdint>

namespace stria::storage {

inline constexpr uint64_t kPartMagic = 0x5452504149525453;     // "STRIAPRT"
inline constexpr uint64_t kPartEndMagic = 0x444e454149525453;  // "STRIAEND"
inline constexpr uint32_t kPartVersion = 1;
inline constexpr size_t kPartHeaderBytes = 16;
inline constexpr size_t kPartTrailerBytes = 16;
inline constexpr size_t kBlockChecksumBytes = 8;

inline constexpr uint32_t kMaxRowGroupRows = 262'144;
inline constexpr uint32_t kVectorsPerPage = 16;
inline constexpr uint32_t kRunsPerDirectoryPage = 1024;
inline constexpr size_t kTimesBlockBytes = 64 * 1024;

}  // namespace stria::storage
