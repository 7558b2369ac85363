#include "storage/engine/shard_compaction.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "storage/base/errors.h"
#include "storage/base/kill_point.h"

namespace stria::storage {
namespace {

// Parts that one compaction puts together into one file before it commits them: a guess between the
// work that a crash loses and the number of commits.
constexpr uint64_t kMaxFileBytes = 64 << 20;

// Files of which less than half is parts that still count: what lives in them moves to others.
std::set<std::string> WastefulFiles(const Shard& shard, const std::string& directory) {
  std::map<std::string, uint64_t> alive;
  const auto version = shard.version();
  for (const auto& [id, table_parts] : version->tables) {
    for (const auto& part : table_parts->parts)
      alive[part.file] += part.length;
  }
  std::set<std::string> wasteful;
  for (const auto& [file, bytes] : alive) {
    const auto size = shard.files().FileSize(directory + "/" + file);
    if (size && bytes < *size / 2) wasteful.insert(file);
  }
  return wasteful;
}

// Tells of parts whether they must be written again: rows or columns of them are deleted, or most
// of their file is dead.
class TouchedParts {
 public:
  TouchedParts(Shard& shard, const ShardSnapshot& snapshot, const TableSchema& schema,
               const std::set<std::string>& wasteful)
      : shard_(shard), tombstones_(*snapshot.tombstones), wasteful_(wasteful) {
    for (const auto& column : schema.columns) {
      if (column.role == ColumnRole::kField) kept_.push_back(column.id);
    }
    // Ids are given in order, and never again.
    has_dropped_ = schema.next_column_id > schema.columns.size();
    std::ranges::sort(kept_);
  }

  bool operator()(const PartMeta& part) const {
    if (tombstones_.Touches(part) || wasteful_.contains(part.file)) return true;
    if (!has_dropped_) return false;
    const auto reader = shard_.parts().Open(part);
    if (!reader) return false;  // Whoever reads the part will say why.
    return std::ranges::any_of((*reader)->footer().columns, [&](const FooterColumn& column) {
      return !std::ranges::binary_search(kept_, column.id);
    });
  }

 private:
  Shard& shard_;
  const TombstoneList& tombstones_;
  const std::set<std::string>& wasteful_;
  std::vector<ColumnId> kept_;
  bool has_dropped_ = false;
};

}  // namespace

std::unique_ptr<ShardCompaction> ShardCompaction::Pick(Shard& shard,
                                                       std::span<const TableSchemaPtr> tables,
                                                       const CompactionPolicy& policy,
                                                       const std::map<TableId, Status>& damaged) {
  std::vector<Group> groups;
  std::set<std::string> wasteful;
  if (policy.takes_single && !tables.empty())
    wasteful = WastefulFiles(shard, shard.parts().directory());
  for (const auto& schema : tables) {
    if (damaged.contains(schema->id)) continue;
    const auto snapshot = shard.Snapshot(schema->id);
    const auto& parts = snapshot.version->PartsOf(schema->id).parts;
    const TouchedParts is_touched(shard, snapshot, *schema, wasteful);
    auto picked = PickCompaction(parts, schema->partition_ns, policy, std::cref(is_touched));
    if (picked.empty()) continue;
    const bool has_older_reach = HasOlderReach(parts, picked);
    groups.push_back({schema, std::move(picked), has_older_reach});
  }
  if (groups.empty()) return nullptr;
  return std::unique_ptr<ShardCompaction>(new ShardCompaction(shard, std::move(groups)));
}

std::vector<TableId> ShardCompaction::tables() const {
  std::vector<TableId> tables;
  for (const auto& group : groups_)
    tables.push_back(group.schema->id);
  return tables;
}

Result<bool> ShardCompaction::Step(std::map<TableId, Status>& damaged) {
  if (next_ < groups_.size() && (job_ != nullptr || writer_.bytes() < kMaxFileBytes)) {
    const auto more = StepGroup();
    if (more && *more) return true;
    job_ = nullptr;
    if (!more && more.error().code() != StatusCode::kCorruption) return more.error();
    if (!more) damaged.emplace(groups_[next_].schema->id, more.error());
    ++next_;
    return true;
  }
  if (!merged_.empty()) STRIA_RETURN_IF_ERROR(Commit());
  return false;
}

// Opens the parts of the next group. They may be gone: another picked before it was committed, or
// its table was dropped.
Status ShardCompaction::Begin() {
  const Group& group = groups_[next_];
  const auto snapshot = shard_.Snapshot(group.schema->id);
  version_ = snapshot.version;
  if (snapshot.series == nullptr) {
    return Corruption("table {} has parts and no series", group.schema->name);
  }
  const auto series = snapshot.series;
  CompactionInput input{.parts = {},
                        .schema = group.schema,
                        .lineage = shard_.lineage(),
                        .key_of = [series](SeriesId id) { return series->KeyOf(id); },
                        .ranks = series->Ranks(),
                        .tombstones = snapshot.tombstones,
                        .has_older_reach = group.has_older_reach};
  const auto& parts = version_->PartsOf(group.schema->id).parts;
  for (const auto& meta : group.picked) {
    const auto there = std::ranges::find_if(parts, [&](const PartMeta& part) {
      return part.file == meta.file && part.offset == meta.offset;
    });
    if (there == parts.end()) return Status::Ok();
    STRIA_ASSIGN_OR_RETURN(auto reader, shard_.parts().OpenOnce(*there));
    input.parts.push_back({*there, std::move(reader)});
  }
  job_ = std::make_unique<CompactionJob>(std::move(input), writer_);
  return Status::Ok();
}

// False when the group is done, or has nothing to do.
Result<bool> ShardCompaction::StepGroup() {
  if (job_ == nullptr) {
    STRIA_RETURN_IF_ERROR(Begin());
    return job_ != nullptr;
  }
  STRIA_ASSIGN_OR_RETURN(const bool more, job_->Step());
  if (more) return true;
  STRIA_ASSIGN_OR_RETURN(auto part, job_->Finish());
  merged_.push_back({groups_[next_].picked, std::move(part)});
  return false;
}

Status ShardCompaction::Commit() {
  const bool has_file = std::ranges::any_of(
      merged_, [](const MergedParts& merged) { return merged.part.has_value(); });
  if (has_file) STRIA_RETURN_IF_ERROR(writer_.Commit());
  KillPoint("compaction.commit");
  STRIA_RETURN_IF_ERROR(shard_.CommitCompaction(merged_, file_));
  KillPoint("compaction.end");
  version_ = nullptr;
  shard_.CollectGarbage();
  return Status::Ok();
}

}  // namespace stria::storage
