#include "tools/admin/read_only_files.h"

#include <utility>

#include "storage/base/errors.h"

namespace stria::admin {
namespace {

class ReadOnlyFile final : public storage::File {
 public:
  explicit ReadOnlyFile(std::unique_ptr<storage::File> base) : base_(std::move(base)) {}

  Status ReadAt(uint64_t offset, std::span<std::byte> bytes) const override {
    if (base_ == nullptr) return NotFound("a file that was not made");
    return base_->ReadAt(offset, bytes);
  }
  Status WriteAt(uint64_t, std::span<const std::byte>) override { return Status::Ok(); }
  Status Sync() override { return Status::Ok(); }
  Result<uint64_t> Size() const override {
    return base_ == nullptr ? Result<uint64_t>(uint64_t{0}) : base_->Size();
  }

 private:
  std::unique_ptr<storage::File> base_;  // Null: one that Create() did not make.
};

}  // namespace

Result<std::unique_ptr<storage::File>> ReadOnlyFiles::OpenForRead(const std::string& path) {
  return base_.OpenForRead(path);
}

Result<std::unique_ptr<storage::File>> ReadOnlyFiles::OpenForWrite(const std::string& path) {
  STRIA_ASSIGN_OR_RETURN(auto file, base_.OpenForRead(path));
  return std::unique_ptr<storage::File>(std::make_unique<ReadOnlyFile>(std::move(file)));
}

Result<std::unique_ptr<storage::File>> ReadOnlyFiles::Create(const std::string&) {
  return std::unique_ptr<storage::File>(std::make_unique<ReadOnlyFile>(nullptr));
}

Status ReadOnlyFiles::Link(const std::string&, const std::string&) {
  return Status::Ok();
}
Status ReadOnlyFiles::Rename(const std::string&, const std::string&) {
  return Status::Ok();
}
Status ReadOnlyFiles::Remove(const std::string&) {
  return Status::Ok();
}
Status ReadOnlyFiles::CreateDirectories(const std::string&) {
  return Status::Ok();
}
Status ReadOnlyFiles::SyncDirectory(const std::string&) {
  return Status::Ok();
}

Result<std::vector<std::string>> ReadOnlyFiles::List(const std::string& path) {
  STRIA_ASSIGN_OR_RETURN(auto names, base_.List(path));
  if (!last_name_.empty()) {
    std::erase_if(names, [this](const std::string& name) { return name > last_name_; });
  }
  return names;
}

Result<std::unique_ptr<storage::DirectoryLock>> ReadOnlyFiles::Lock(const std::string& path) {
  return Unimplemented("{}: not locked by who only reads", path);
}

}  // namespace stria::admin
