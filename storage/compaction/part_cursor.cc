#include "storage/compaction/part_cursor.h"

#include "storage/base/errors.h"

namespace stria::storage {

Result<uint32_t> PartCursor::RankOf(const SourceRun& run) const {
  const uint32_t id = run.series.value();
  if (id >= ranks_.size()) {
    return Corruption("part {} at {}: series {} is not known", meta_.file, meta_.offset, id);
  }
  return ranks_[id];
}

Result<RunPosition> PartCursor::EndOfGroup() const {
  const SourceRun& last = group_->source->runs().back();
  STRIA_ASSIGN_OR_RETURN(const uint32_t rank, RankOf(last));
  return RunPosition{rank, last.last_time};
}

// What is out of order would be written out of order, and no reader looks for that.
Status PartCursor::Enter() {
  STRIA_ASSIGN_OR_RETURN(rank_, RankOf(run()));
  if (last_seen_.has_value() && position() <= *last_seen_) {
    return Corruption("part {} at {}: run {} of row group {} is out of order", meta_.file,
                      meta_.offset, run_, group_->index);
  }
  last_seen_ = RunPosition{rank_, run().last_time};
  return Status::Ok();
}

Status PartCursor::Advance() {
  if (++run_ == group_->source->runs().size()) return OpenNextGroup();
  return Enter();
}

Status PartCursor::SkipGroup() {
  STRIA_ASSIGN_OR_RETURN(const auto end, EndOfGroup());
  last_seen_ = end;
  return OpenNextGroup();
}

Status PartCursor::OpenNextGroup() {
  group_ = nullptr;
  run_ = 0;
  if (next_group_ == reader_->num_row_groups()) return Status::Ok();
  auto group = std::make_shared<OpenGroup>();
  group->part = part_;
  group->index = next_group_++;
  STRIA_ASSIGN_OR_RETURN(group->source, reader_->OpenRowGroup(group->index, {}));
  // A reader keeps the directory that it has read; of a part with millions of runs that is much.
  reader_->ForgetDirectory();
  if (group->source == nullptr) {
    return Corruption("part {} at {}: row group {} has no runs", meta_.file, meta_.offset,
                      group->index);
  }
  group_ = std::move(group);
  return Enter();
}

}  // namespace stria::storage
