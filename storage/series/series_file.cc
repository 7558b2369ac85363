#include "storage/series/series_file.h"

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"
#include "storage/base/errors.h"

namespace stria::storage {
namespace {

constexpr uint64_t kMagic = 0x5245534149525453;  // "STRIASER"
constexpr uint32_t kVersion = 1;

}  // namespace

std::vector<std::byte> EncodeSeriesFile(std::span<const NewSeries> series) {
  std::vector<std::byte> file;
  AppendInteger(kMagic, file);
  AppendInteger(kVersion, file);
  AppendInteger<uint32_t>(0, file);
  AppendVarint(series.size(), file);
  for (const auto& one : series) {
    AppendVarint(one.table.value(), file);
    AppendVarint(one.id.value(), file);
    AppendString(one.key, file);
  }
  AppendInteger(Checksum(file), file);
  return file;
}

Result<std::vector<NewSeries>> DecodeSeriesFile(std::span<const std::byte> file) {
  if (file.size() < 8) return Corruption("{} bytes are too few", file.size());
  const auto covered = file.first(file.size() - 8);
  ByteReader tail(file.last(8));
  STRIA_ASSIGN_OR_RETURN(const auto checksum, tail.Read<uint64_t>());
  if (checksum != Checksum(covered)) return Corruption("checksum mismatch");
  ByteReader reader(covered);
  STRIA_ASSIGN_OR_RETURN(const auto magic, reader.Read<uint64_t>());
  STRIA_ASSIGN_OR_RETURN(const auto version, reader.Read<uint32_t>());
  STRIA_ASSIGN_OR_RETURN(const auto zero, reader.Read<uint32_t>());
  if (magic != kMagic || version != kVersion || zero != 0) return Corruption("not a series file");
  STRIA_ASSIGN_OR_RETURN(const auto count, reader.ReadVarint());
  std::vector<NewSeries> series;
  for (uint64_t i = 0; i < count; ++i) {
    STRIA_ASSIGN_OR_RETURN(const auto table, reader.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(const auto id, reader.ReadVarint());
    STRIA_ASSIGN_OR_RETURN(const auto key, reader.ReadString());
    if (table > UINT32_MAX || id > UINT32_MAX)
      return Corruption("series {} of table {}", id, table);
    series.push_back({TableId(static_cast<uint32_t>(table)), SeriesId(static_cast<uint32_t>(id)),
                      std::string(key)});
  }
  if (!reader.empty()) return Corruption("bytes after the last series");
  return series;
}

}  // namespace stria::storage
