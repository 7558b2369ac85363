#include "storage/format/part_reader.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"
#include "storage/base/errors.h"
#include "storage/encoding/integers.h"
#include "storage/encoding/linear_time.h"
#include "storage/encoding/text.h"
#include "storage/encoding/vector_codec.h"
#include "storage/format/overlap_set.h"
#include "storage/format/part_layout.h"

namespace stria::storage {
namespace {

// Of a part with more pages none stays decoded: they would take 48 bytes for each of its runs, 12
// MB for these, and decoding them takes a small part of the time of whatever reads so many.
constexpr size_t kMaxKeptPages = 256;

uint64_t NextCacheId() {
  static std::atomic<uint64_t> next = 1;  // A counter: nothing is published with it.
  return next.fetch_add(1, std::memory_order_relaxed);
}

std::span<const std::byte> PayloadOf(const CachedBlock& block) {
  return std::span(*block).first(block->size() - kBlockChecksumBytes);
}

}  // namespace

/// 1,024 runs, decoded. `rows` and `times` are prefix sums inside the row group the run lies in.
struct PartReader::DirectoryPage {
  struct Run {
    SourceRun run;  // Rows count from the page's first run.
    uint32_t times_bytes = 0;
  };
  std::vector<Run> runs;
  uint64_t num_rows = 0;
};

class PartReader::RowGroupSource final : public RunSource {
 public:
  struct TimesPlace {
    uint32_t block = 0;
    uint32_t offset = 0;
    uint32_t length = 0;
  };

  RowGroupSource(const PartReader& part, const RowGroupRef& group,
                 std::atomic<uint64_t>* bytes_read)
      : part_(part), group_(group), bytes_read_(bytes_read), counted_(group.times.size(), 0) {
    columns_.resize(group.columns.size());
  }

  uint32_t num_rows() const override { return group_.num_rows; }
  std::span<const SourceRun> runs() const override { return runs_; }

  void Add(const SourceRun& run, TimesPlace times) {
    runs_.push_back(run);
    places_.push_back(times);
  }
  bool empty() const { return runs_.empty(); }

  Result<std::span<const int64_t>> Times(size_t run_index) override {
    if (times_.empty()) times_.resize(runs_.size());
    auto& kept = times_[run_index];
    if (kept.empty()) {
      // Kept only when whole: a read that fails now may succeed later.
      STRIA_ASSIGN_OR_RETURN(auto times, ReadTimes(run_index));
      kept = std::move(times);
    }
    return std::span<const int64_t>(kept);
  }

  Result<VectorView> ReadVector(ColumnId id, DataType type, uint32_t vector) override {
    const size_t index = FindColumn(id, type);
    DecodedVector* kept = FindKept(index, vector);
    if (kept != nullptr) return kept->view;
    std::span<const std::byte> encoded;
    STRIA_RETURN_IF_ERROR(FindEncoded(index, vector, encoded));
    if (encoded.empty()) return NullsOf(type, vector);
    DecodedVector fresh;
    STRIA_RETURN_IF_ERROR(DecodeVector(encoded, type, RowsOf(vector), fresh));
    auto& page = columns_[index].pages[vector / kVectorsPerPage];
    if (page.kept == nullptr) page.kept = std::make_unique<KeptVectors>();
    auto& place = (*page.kept)[vector % kVectorsPerPage];
    place = std::move(fresh);
    return place->view;
  }

  Status ReadVectorInto(ColumnId id, DataType type, uint32_t vector,
                        DecodedVector& memory) override {
    const size_t index = FindColumn(id, type);
    if (const DecodedVector* kept = FindKept(index, vector)) {
      memory.view = kept->view;
      return Status::Ok();
    }
    std::span<const std::byte> encoded;
    STRIA_RETURN_IF_ERROR(FindEncoded(index, vector, encoded));
    if (!encoded.empty()) return DecodeVector(encoded, type, RowsOf(vector), memory);
    memory.view = NullsOf(type, vector);
    return Status::Ok();
  }

  Status ReadRows(ColumnId id, DataType type, uint32_t vector, std::span<const uint32_t> rows,
                  uint64_t* bits, uint8_t* validity) override {
    const size_t index = FindColumn(id, type);
    if (const DecodedVector* kept = FindKept(index, vector)) {
      CopyRows(kept->view, rows, bits, validity);
      return Status::Ok();
    }
    std::span<const std::byte> encoded;
    STRIA_RETURN_IF_ERROR(FindEncoded(index, vector, encoded));
    if (encoded.empty()) {
      CopyRows(NullsOf(type, vector), rows, bits, validity);
      return Status::Ok();
    }
    if (rows.size() <= kFewRows)
      return DecodeRows(encoded, type, RowsOf(vector), rows, bits, validity);
    STRIA_RETURN_IF_ERROR(DecodeVector(encoded, type, RowsOf(vector), scratch_));
    CopyRows(scratch_.view, rows, bits, validity);
    return Status::Ok();
  }

  void ForgetColumn(ColumnId id) override {
    const size_t index = FindColumn(id, std::nullopt);
    if (index < columns_.size()) columns_[index] = {};
  }

  bool ZoneExcludes(ColumnId id, uint32_t vector, double low, double high) override {
    const size_t index = FindColumn(id, std::nullopt);
    if (index == columns_.size()) return false;
    if (group_.columns[index].pages.empty()) return true;  // All NULL.
    auto& column = columns_[index];
    if (column.zones.empty()) {
      const auto block = ReadBlock(group_.columns[index].zone_maps);
      if (!block) return false;  // The read of the values will say why.
      std::vector<ZoneMap> zones((group_.num_rows + kVectorRows - 1) / kVectorRows);
      const DataType type = part_.footer_.columns[index].type;
      if (!DecodeZoneMaps(PayloadOf(*block), type, zones).ok()) return false;
      column.zones = std::move(zones);
    }
    return storage::ZoneExcludes(column.zones[vector], part_.footer_.columns[index].type, low,
                                 high);
  }

 private:
  // Up to that many rows of a vector are decoded one by one: four rows of a frame of reference take
  // as long as all of it, and one of differences 0.7 of that (encoding_bench).
  static constexpr size_t kFewRows = 4;

  // The vectors of a page that ReadVector() was asked for.
  using KeptVectors = std::array<std::optional<DecodedVector>, kVectorsPerPage>;

  struct Page {
    CachedBlock block;
    std::array<uint32_t, kVectorsPerPage + 1> offsets{};  // Of the vectors, and their end.
    std::span<const std::byte> vectors;
    std::unique_ptr<KeptVectors> kept;
  };
  struct ColumnState {
    std::vector<Page> pages;
    std::vector<ZoneMap> zones;
  };

  uint32_t RowsOf(uint32_t vector) const {
    return std::min(kVectorRows, group_.num_rows - vector * kVectorRows);
  }

  VectorView NullsOf(DataType type, uint32_t vector) const {
    VectorView nulls;
    nulls.type = type;
    nulls.all_null = true;
    nulls.num_rows = RowsOf(vector);
    return nulls;
  }

  DecodedVector* FindKept(size_t index, uint32_t vector) {
    if (index == columns_.size() || columns_[index].pages.empty()) return nullptr;
    const Page& page = columns_[index].pages[vector / kVectorsPerPage];
    if (page.kept == nullptr) return nullptr;
    auto& kept = (*page.kept)[vector % kVectorsPerPage];
    return kept ? &*kept : nullptr;
  }

  // Sets `encoded` to the bytes of a vector, to none where no row has a value.
  Status FindEncoded(size_t index, uint32_t vector, std::span<const std::byte>& encoded) {
    encoded = {};
    if (index == columns_.size() || group_.columns[index].pages.empty()) return Status::Ok();
    const uint32_t page_index = vector / kVectorsPerPage;
    const BlockRef& ref = group_.columns[index].pages[page_index];
    if (ref.length == 0) return Status::Ok();
    ColumnState& column = columns_[index];
    if (column.pages.empty()) column.pages.resize(group_.columns[index].pages.size());
    Page& page = column.pages[page_index];
    if (page.block == nullptr) STRIA_RETURN_IF_ERROR(LoadPage(page, page_index, ref));
    const uint32_t* offset = page.offsets.data() + vector % kVectorsPerPage;
    encoded = page.vectors.subspan(offset[0], offset[1] - offset[0]);
    if (encoded.empty()) return Corruption("vector of no bytes");
    return Status::Ok();
  }

  void CountBytes(const BlockRef& ref) {
    if (bytes_read_ != nullptr) bytes_read_->fetch_add(ref.length, std::memory_order_relaxed);
  }

  Result<CachedBlock> ReadBlock(const BlockRef& ref) {
    CountBytes(ref);
    return part_.ReadBlock(ref);
  }

  Result<std::vector<int64_t>> ReadTimes(size_t run_index) {
    const SourceRun& run = runs_[run_index];
    std::vector<int64_t> times(run.row_end - run.row_begin);
    if (run.step > 0) {
      for (size_t i = 0; i < times.size(); ++i) {
        times[i] = run.first_time + static_cast<int64_t>(i) * run.step;
      }
      return times;
    }
    const TimesPlace place = places_[run_index];
    if (place.block >= group_.times.size()) return Corruption("times of a run are missing");
    const BlockRef& ref = group_.times[place.block].block;
    // Many runs share a block.
    if (std::exchange(counted_[place.block], 1) == 0) CountBytes(ref);
    STRIA_ASSIGN_OR_RETURN(const auto block, part_.ReadBlock(ref));
    const auto payload = PayloadOf(block);
    if (place.offset > payload.size() || place.length > payload.size() - place.offset) {
      return Corruption("times of a run reach past their block");
    }
    STRIA_RETURN_IF_ERROR(DecodeTimes(payload.subspan(place.offset, place.length), run.first_time,
                                      run.last_time, times));
    return times;
  }

  // The position of the column in the part, or columns_.size().
  size_t FindColumn(ColumnId id, std::optional<DataType> type) const {
    const auto& columns = part_.footer_.columns;
    size_t found = last_found_;
    if (found + 1 < columns.size() && columns[found].id != id) ++found;
    if (found >= columns.size() || columns[found].id != id) {
      found =
          static_cast<size_t>(std::ranges::find(columns, id, &FooterColumn::id) - columns.begin());
      if (found == columns.size()) return found;
    }
    last_found_ = found;
    return type.has_value() && columns[found].type != *type ? columns.size() : found;
  }

  Status LoadPage(Page& page, uint32_t page_index, const BlockRef& ref) {
    STRIA_ASSIGN_OR_RETURN(auto block, ReadBlock(ref));
    ByteReader reader(PayloadOf(block));
    const size_t num_vectors = (group_.num_rows + kVectorRows - 1) / kVectorRows;
    const size_t in_page =
        std::min<size_t>(kVectorsPerPage, num_vectors - size_t{page_index} * kVectorsPerPage);
    std::array<uint64_t, kVectorsPerPage> lengths{};
    STRIA_RETURN_IF_ERROR(DecodeIntegers(reader, std::span(lengths).first(in_page)));
    for (size_t i = 0; i < in_page; ++i) {
      if (lengths[i] > reader.num_remaining() - page.offsets[i]) {
        return Corruption("vector of {} bytes", lengths[i]);
      }
      page.offsets[i + 1] = page.offsets[i] + static_cast<uint32_t>(lengths[i]);
    }
    if (page.offsets[in_page] != reader.num_remaining()) {
      return Corruption("page of {} bytes, vectors take {}", reader.num_remaining(),
                        page.offsets[in_page]);
    }
    page.vectors = reader.rest();
    page.block = std::move(block);
    return Status::Ok();
  }

  const PartReader& part_;
  const RowGroupRef& group_;
  std::atomic<uint64_t>* bytes_read_;
  std::vector<uint8_t> counted_;  // By block of times.
  std::vector<SourceRun> runs_;
  std::vector<TimesPlace> places_;
  std::vector<std::vector<int64_t>> times_;
  std::vector<ColumnState> columns_;
  DecodedVector scratch_;
  // Wide parts are read column by column, in this order, for each run: a search would be the most
  // of the work.
  mutable size_t last_found_ = 0;
};

PartReader::PartReader(std::shared_ptr<File> file, const PartMeta& meta, BlockCache* cache)
    : file_(std::move(file)), meta_(meta), cache_(cache), cache_id_(NextCacheId()) {}

Result<std::shared_ptr<PartReader>> PartReader::Open(std::shared_ptr<File> file,
                                                     const PartMeta& meta, BlockCache* cache) {
  std::shared_ptr<PartReader> reader(new PartReader(std::move(file), meta, cache));
  if (Status status = reader->ReadFooter(); !status.ok()) {
    return status.WithContext(fmt::format("part {} at {}", meta.file, meta.offset));
  }
  return reader;
}

Status PartReader::ReadFooter() {
  if (meta_.length < kPartHeaderBytes + kPartTrailerBytes + kBlockChecksumBytes) {
    return Corruption("{} bytes are too few", meta_.length);
  }
  std::array<std::byte, kPartHeaderBytes> header{};
  STRIA_RETURN_IF_ERROR(file_->ReadAt(meta_.offset, header));
  ByteReader head(header);
  STRIA_ASSIGN_OR_RETURN(const auto magic, head.Read<uint64_t>());
  STRIA_ASSIGN_OR_RETURN(const auto version, head.Read<uint32_t>());
  STRIA_ASSIGN_OR_RETURN(const auto zero, head.Read<uint32_t>());
  if (magic != kPartMagic || version != kPartVersion || zero != 0) {
    return Corruption("not a part of version {}", kPartVersion);
  }

  std::array<std::byte, kPartTrailerBytes> trailer{};
  const uint64_t trailer_offset = meta_.length - kPartTrailerBytes;
  STRIA_RETURN_IF_ERROR(file_->ReadAt(meta_.offset + trailer_offset, trailer));
  ByteReader tail(trailer);
  STRIA_ASSIGN_OR_RETURN(const auto footer_bytes, tail.Read<uint32_t>());
  STRIA_ASSIGN_OR_RETURN(const auto end_version, tail.Read<uint32_t>());
  STRIA_ASSIGN_OR_RETURN(const auto end_magic, tail.Read<uint64_t>());
  if (end_magic != kPartEndMagic || end_version != kPartVersion ||
      footer_bytes <= kBlockChecksumBytes || footer_bytes > trailer_offset - kPartHeaderBytes) {
    return Corruption("damaged trailer");
  }
  const uint64_t footer_offset = trailer_offset - footer_bytes;
  STRIA_ASSIGN_OR_RETURN(const auto block, ReadBlock({footer_offset, footer_bytes}));
  STRIA_ASSIGN_OR_RETURN(footer_, DecodePartFooter(PayloadOf(block), footer_offset));
  if (footer_.table != meta_.table || footer_.num_rows != meta_.num_rows ||
      footer_.num_runs != meta_.num_runs) {
    return Corruption("holds other rows than the manifest says");
  }
  overlap_known_ = !footer_.overlap.empty();
  if (overlap_known_) {
    STRIA_ASSIGN_OR_RETURN(listed_, DecodeOverlapSet(footer_.overlap, footer_.num_runs));
  }
  const MutexLock lock(mutex_);
  directory_.resize(footer_.directory.size());
  return Status::Ok();
}

Result<CachedBlock> PartReader::ReadBlock(const BlockRef& ref) const {
  const BlockKey key{cache_id_, ref.offset};
  if (cache_ != nullptr) {
    if (auto block = cache_->Find(key)) return block;
  }
  auto read = ReadBlockFromFile(ref);
  if (!read) {
    if (on_damage_ != nullptr && read.error().code() == StatusCode::kCorruption)
      on_damage_(read.error());
    return read.error();
  }
  auto block = std::make_shared<const std::vector<std::byte>>(*std::move(read));
  if (cache_ != nullptr) cache_->Insert(key, block);
  return block;
}

Result<std::vector<std::byte>> PartReader::ReadBlockFromFile(const BlockRef& ref) const {
  std::vector<std::byte> bytes(ref.length);
  if (Status status = file_->ReadAt(meta_.offset + ref.offset, bytes); !status.ok()) {
    if (status.code() != StatusCode::kNotFound) return status;
    return Corruption("part file {} is missing", meta_.file);
  }
  const auto payload = std::span(bytes).first(bytes.size() - kBlockChecksumBytes);
  ByteReader tail{std::span<const std::byte>(bytes).last(kBlockChecksumBytes)};
  STRIA_ASSIGN_OR_RETURN(const auto checksum, tail.Read<uint64_t>());
  if (checksum != Checksum(payload, ref.offset)) {
    return Corruption("part {} at {}: checksum mismatch in the block at offset {}", meta_.file,
                      meta_.offset, ref.offset);
  }
  return bytes;
}

Result<std::shared_ptr<const PartReader::DirectoryPage>> PartReader::ReadDirectory(size_t page) {
  {
    const MutexLock lock(mutex_);
    if (directory_[page] != nullptr) return directory_[page];
  }
  const DirectoryPageRef& ref = footer_.directory[page];
  STRIA_ASSIGN_OR_RETURN(const auto block, ReadBlock(ref.runs));
  ByteReader reader(PayloadOf(block));
  auto decoded = std::make_shared<DirectoryPage>();
  decoded->runs.resize(ref.num_runs);
  std::vector<uint64_t> values(ref.num_runs);
  const auto read = [&](const auto& set) -> Status {
    STRIA_RETURN_IF_ERROR(DecodeIntegers(reader, values));
    for (size_t i = 0; i < values.size(); ++i) {
      if (!set(decoded->runs[i], values[i])) return Corruption("run {} of the directory", i);
    }
    return Status::Ok();
  };
  using Run = DirectoryPage::Run;
  STRIA_RETURN_IF_ERROR(read([](Run& run, uint64_t value) {
    run.run.series = SeriesId(static_cast<uint32_t>(value));
    return value <= UINT32_MAX;
  }));
  STRIA_RETURN_IF_ERROR(read([&](Run& run, uint64_t value) {
    run.run.row_begin = static_cast<uint32_t>(decoded->num_rows);
    run.run.row_end = static_cast<uint32_t>(decoded->num_rows + value);
    decoded->num_rows += value;
    return value >= 1 && value <= kMaxRowGroupRows;
  }));
  STRIA_RETURN_IF_ERROR(read([](Run& run, uint64_t value) {
    run.run.first_time = static_cast<int64_t>(value);
    return true;
  }));
  STRIA_RETURN_IF_ERROR(read([](Run& run, uint64_t value) {
    run.run.last_time = static_cast<int64_t>(static_cast<uint64_t>(run.run.first_time) + value);
    return run.run.last_time >= run.run.first_time;
  }));
  STRIA_RETURN_IF_ERROR(read([](Run& run, uint64_t value) {
    run.run.step = static_cast<int64_t>(value);
    const auto span =
        static_cast<uint64_t>(run.run.last_time) - static_cast<uint64_t>(run.run.first_time);
    if (run.run.step <= 0) return run.run.step == 0;
    // No product here can wrap, nor can one of those who compute times from the step.
    const uint64_t num_steps = run.run.row_end - run.run.row_begin - 1;
    if (num_steps == 0) return span == 0;
    return span <= static_cast<uint64_t>(INT64_MAX) && span % num_steps == 0 &&
           span / num_steps == value;
  }));
  STRIA_RETURN_IF_ERROR(read([](Run& run, uint64_t value) {
    run.times_bytes = static_cast<uint32_t>(value);
    return value <= UINT32_MAX && (run.run.step > 0) == (value == 0);
  }));
  if (!reader.empty()) return Corruption("bytes after the directory");
  if (footer_.directory.size() <= kMaxKeptPages) {
    const MutexLock lock(mutex_);
    directory_[page] = decoded;
  }
  return std::shared_ptr<const DirectoryPage>(std::move(decoded));
}

// By the first keys of the directory's pages, which the footer has.
bool PartReader::MayHaveOneOf(const std::vector<std::string>& keys,
                              const RowGroupRef& group) const {
  const auto& pages = footer_.directory;
  const auto first = static_cast<size_t>(group.first_run / kRunsPerDirectoryPage);
  const auto after =
      static_cast<size_t>((group.first_run + group.num_runs - 1) / kRunsPerDirectoryPage) + 1;
  const auto found = std::ranges::lower_bound(keys, pages[first].first_key);
  return found != keys.end() && (after >= pages.size() || *found <= pages[after].first_key);
}

Result<std::unique_ptr<RunSource>> PartReader::OpenRowGroup(size_t index, const RunFilter& filter) {
  const RowGroupRef& group = footer_.row_groups[index];
  if (!filter.time.Overlaps(group.min_time, group.max_time) ||
      (filter.keys != nullptr && !MayHaveOneOf(*filter.keys, group))) {
    return std::unique_ptr<RunSource>();
  }
  auto source = std::make_unique<RowGroupSource>(*this, group, filter.bytes_read);
  // Rows and times are prefix sums over all runs of the group, so every page of it is walked; pages
  // of runs are small (about 10 bytes a run) and stay decoded.
  uint64_t row = 0;
  uint32_t block = 0, offset = 0;
  const uint64_t end_run = group.first_run + group.num_runs;
  for (uint64_t run_index = group.first_run; run_index < end_run;) {
    const size_t page = static_cast<size_t>(run_index / kRunsPerDirectoryPage);
    STRIA_ASSIGN_OR_RETURN(const auto directory, ReadDirectory(page));
    const uint64_t page_first = uint64_t{page} * kRunsPerDirectoryPage;
    const uint64_t page_end = std::min(end_run, page_first + directory->runs.size());
    for (; run_index < page_end; ++run_index) {
      const auto& entry = directory->runs[static_cast<size_t>(run_index - page_first)];
      const auto run_in_group = static_cast<uint32_t>(run_index - group.first_run);
      if (block + 1 < group.times.size() && group.times[block + 1].first_run == run_in_group) {
        ++block;
        offset = 0;
      }
      SourceRun run = entry.run;
      const uint32_t num_rows = run.row_end - run.row_begin;
      run.row_begin = static_cast<uint32_t>(row);
      run.row_end = static_cast<uint32_t>(row + num_rows);
      run.may_overlap =
          !overlap_known_ || (!listed_.empty() && listed_[static_cast<size_t>(run_index)] != 0);
      row += num_rows;
      if (row > group.num_rows)
        return Corruption("the runs of row group {} have too many rows", index);
      const bool wanted = filter.series == nullptr || filter.series->Contains(run.series);
      if (wanted && filter.time.Overlaps(run.first_time, run.last_time)) {
        source->Add(run, {block, offset, entry.times_bytes});
      }
      offset += entry.times_bytes;
    }
  }
  if (row != group.num_rows) return Corruption("the runs of row group {} have {} rows", index, row);
  if (source->empty()) return std::unique_ptr<RunSource>();
  return std::unique_ptr<RunSource>(std::move(source));
}

Result<std::vector<DirectoryRun>> PartReader::ReadRuns(size_t index) {
  const RowGroupRef& group = footer_.row_groups[index];
  std::vector<DirectoryRun> runs;
  runs.reserve(group.num_runs);
  for (uint64_t number = group.first_run; number < group.first_run + group.num_runs; ++number) {
    STRIA_ASSIGN_OR_RETURN(const auto directory,
                           ReadDirectory(static_cast<size_t>(number / kRunsPerDirectoryPage)));
    const size_t in_page = static_cast<size_t>(number % kRunsPerDirectoryPage);
    if (in_page >= directory->runs.size()) return Corruption("run {} is missing", number);
    const auto& [run, times_bytes] = directory->runs[in_page];
    runs.push_back({.series = run.series,
                    .num_rows = run.row_end - run.row_begin,
                    .first_time = run.first_time,
                    .last_time = run.last_time,
                    .step = run.step,
                    .times_bytes = times_bytes});
  }
  return runs;
}

void PartReader::ForgetDirectory() {
  const MutexLock lock(mutex_);
  std::ranges::fill(directory_, nullptr);
}

Result<std::vector<std::string>> PartReader::ReadKeys(size_t page) const {
  const DirectoryPageRef& ref = footer_.directory[page];
  STRIA_ASSIGN_OR_RETURN(const auto block, ReadBlock(ref.keys));
  std::vector<std::string_view> views;
  std::vector<std::byte> unpacked;
  STRIA_RETURN_IF_ERROR(DecodeText(PayloadOf(block), ref.num_runs, views, unpacked));
  return std::vector<std::string>(views.begin(), views.end());
}

}  // namespace stria::storage
