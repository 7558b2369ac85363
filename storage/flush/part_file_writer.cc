#include "storage/flush/part_file_writer.h"

#include "storage/base/bytes.h"
#include "storage/base/kill_point.h"

namespace stria::storage {
namespace {

constexpr size_t kWriteBytes = 4 << 20;

}  // namespace

PartFileWriter::~PartFileWriter() {
  if (file_ != nullptr) static_cast<void>(files_.Remove(temporary()));
}

Result<PartMeta> PartFileWriter::Add(const SortedRows& rows, const PartWriteOptions& options) {
  PartMeta meta = WritePart(rows, options, buffer_);
  meta.file = name_;
  meta.offset += written_;
  if (buffer_.size() >= kWriteBytes) STRIA_RETURN_IF_ERROR(WriteOut());
  return meta;
}

PartWriter& PartFileWriter::BeginPart(const PartWriteOptions& options, TableId table,
                                      std::span<const PartColumn> columns) {
  part_offset_ = bytes();
  return part_.emplace(options, table, columns, buffer_);
}

Status PartFileWriter::WriteOutPart() {
  return buffer_.size() >= kWriteBytes ? WriteOut() : Status::Ok();
}

Result<PartMeta> PartFileWriter::EndPart() {
  PartMeta meta = part_->Finish();
  part_.reset();
  meta.file = name_;
  meta.offset = part_offset_;
  STRIA_RETURN_IF_ERROR(WriteOutPart());
  return meta;
}

Status PartFileWriter::WriteOut() {
  if (file_ == nullptr) {
    STRIA_ASSIGN_OR_RETURN(file_, files_.Create(temporary()));
  }
  KillPoint("flush.write");
  STRIA_RETURN_IF_ERROR(file_->WriteAt(written_, buffer_));
  written_ += buffer_.size();
  buffer_.clear();
  return Status::Ok();
}

Status PartFileWriter::Commit() {
  STRIA_RETURN_IF_ERROR(WriteOut());
  STRIA_RETURN_IF_ERROR(file_->Sync());
  KillPoint("flush.link");
  STRIA_RETURN_IF_ERROR(files_.Link(temporary(), directory_ + "/" + name_));
  return files_.SyncDirectory(directory_);
}

}  // namespace stria::storage
