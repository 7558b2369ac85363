#include "tests/support/fault_file_system.h"

#include <algorithm>
#include <set>

#include "storage/base/errors.h"

namespace stria::storage {
namespace {

constexpr size_t kSectorBytes = 512;

std::pair<std::string, std::string> Split(const std::string& path) {
  const size_t slash = path.rfind('/');
  return {path.substr(0, slash), path.substr(slash + 1)};
}

size_t NumSectors(size_t bytes) {
  return (bytes + kSectorBytes - 1) / kSectorBytes;
}

}  // namespace

class FaultFileSystem::OpenFile final : public File {
 public:
  OpenFile(FaultFileSystem& files, InodePtr inode, std::string path)
      : files_(files), inode_(std::move(inode)), path_(std::move(path)) {}

  Status ReadAt(uint64_t offset, std::span<std::byte> bytes) const override {
    const MutexLock lock(files_.mutex_);
    STRIA_RETURN_IF_ERROR(files_.Look("read", path_));
    if (offset > inode_->bytes.size() || bytes.size() > inode_->bytes.size() - offset) {
      return Corruption("{}: ends before offset {}", path_, offset + bytes.size());
    }
    std::copy_n(inode_->bytes.begin() + static_cast<std::ptrdiff_t>(offset), bytes.size(),
                bytes.begin());
    return Status::Ok();
  }
  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    return files_.Write(*inode_, path_, offset, bytes);
  }
  Status Sync() override { return files_.SyncFile(*inode_, path_); }
  Result<uint64_t> Size() const override {
    const MutexLock lock(files_.mutex_);
    STRIA_RETURN_IF_ERROR(files_.Look("stat", path_));
    return inode_->bytes.size();
  }

 private:
  FaultFileSystem& files_;
  InodePtr inode_;
  std::string path_;
};

class FaultFileSystem::HeldLock final : public DirectoryLock {
 public:
  HeldLock(FaultFileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  ~HeldLock() override {
    const MutexLock lock(files_.mutex_);
    files_.locks_.erase(path_);
  }

 private:
  FaultFileSystem& files_;
  std::string path_;
};

void FaultFileSystem::FailAt(uint64_t call, StatusCode code, bool dies) {
  const MutexLock lock(mutex_);
  fail_in_ = call;
  fail_code_ = code;
  dies_ = dies;
  dead_ = false;
  failed_ = false;
}

void FaultFileSystem::Die() {
  const MutexLock lock(mutex_);
  fail_code_ = StatusCode::kIoError;
  dead_ = true;
  failed_ = true;
  failed_call_ = "between two calls";
}

void FaultFileSystem::FailReadAt(uint64_t call, StatusCode code) {
  const MutexLock lock(mutex_);
  fail_read_in_ = call;
  fail_code_ = code;
  failed_ = false;
}

bool FaultFileSystem::failed() const {
  const MutexLock lock(mutex_);
  return failed_;
}

bool FaultFileSystem::dead() const {
  const MutexLock lock(mutex_);
  return dead_;
}

std::string FaultFileSystem::failed_call() const {
  const MutexLock lock(mutex_);
  return failed_call_;
}

uint64_t FaultFileSystem::num_calls() const {
  const MutexLock lock(mutex_);
  return num_calls_;
}

void FaultFileSystem::SetCapacity(uint64_t bytes) {
  const MutexLock lock(mutex_);
  capacity_ = bytes;
}

void FaultFileSystem::Plant(Lie lie, std::string path_part) {
  const MutexLock lock(mutex_);
  lies_.emplace_back(lie, std::move(path_part));
}

Status FaultFileSystem::Change(const char* call, const std::string& path) {
  ++num_calls_;
  if (dead_) return {fail_code_, "the machine is off"};
  if (fail_in_ == 0 || --fail_in_ > 0) return Status::Ok();
  failed_ = true;
  failed_call_ = std::string(call) + " " + path;
  dead_ = dies_;
  return {fail_code_, failed_call_ + ": made to fail"};
}

Status FaultFileSystem::Look(const char* call, const std::string& path) {
  if (dead_) return {fail_code_, "the machine is off"};
  if (fail_read_in_ == 0 || --fail_read_in_ > 0) return Status::Ok();
  failed_ = true;
  failed_call_ = std::string(call) + " " + path;
  return {fail_code_, failed_call_ + ": made to fail"};
}

bool FaultFileSystem::Lies(Lie lie, const std::string& path) const {
  return std::ranges::any_of(lies_, [&](const auto& planted) {
    return planted.first == lie && path.find(planted.second) != std::string::npos;
  });
}

void FaultFileSystem::ChangeNames(Directory& directory, NameChange change) {
  for (const auto& [name, inode] : change) {
    if (inode == nullptr) {
      directory.names.erase(name);
    } else {
      directory.names[name] = inode;
    }
  }
  directory.ahead.push_back(std::move(change));
}

Result<FaultFileSystem::InodePtr> FaultFileSystem::Find(const char* call, const std::string& path) {
  const auto [parent, name] = Split(path);
  const auto directory = directories_.find(parent);
  if (directory == directories_.end()) return NotFound("{} {}", call, path);
  const auto found = directory->second.names.find(name);
  if (found == directory->second.names.end()) return NotFound("{} {}", call, path);
  return found->second;
}

std::vector<std::byte>& FaultFileSystem::BytesOf(const std::string& path) {
  const auto [parent, name] = Split(path);
  const MutexLock lock(mutex_);
  return directories_[parent].names.at(name)->bytes;
}

void FaultFileSystem::WriteOut(const std::string& path) {
  const auto [parent, name] = Split(path);
  const MutexLock lock(mutex_);
  auto& inode = *directories_[parent].names.at(name);
  inode.disk = inode.bytes;
}

std::map<std::string, std::vector<std::byte>> FaultFileSystem::AllFiles() const {
  const MutexLock lock(mutex_);
  std::map<std::string, std::vector<std::byte>> files;
  for (const auto& [path, directory] : directories_) {
    for (const auto& [name, inode] : directory.names)
      files[path + "/" + name] = inode->bytes;
  }
  return files;
}

void FaultFileSystem::Put(const std::string& path, std::vector<std::byte> bytes) {
  const auto [parent, name] = Split(path);
  const MutexLock lock(mutex_);
  Directory& directory = directories_[parent];
  auto inode = std::make_shared<Inode>();
  inode->ahead.resize(NumSectors(bytes.size()));
  inode->disk = bytes;
  inode->bytes = std::move(bytes);
  directory.names[name] = inode;
  directory.disk[name] = inode;
}

Result<std::unique_ptr<File>> FaultFileSystem::Open(const std::string& path) {
  const MutexLock lock(mutex_);
  STRIA_RETURN_IF_ERROR(Look("open", path));
  STRIA_ASSIGN_OR_RETURN(auto inode, Find("open", path));
  return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, std::move(inode), path));
}

Result<std::unique_ptr<File>> FaultFileSystem::OpenForRead(const std::string& path) {
  return Open(path);
}

Result<std::unique_ptr<File>> FaultFileSystem::OpenForWrite(const std::string& path) {
  return Open(path);
}

Result<std::unique_ptr<File>> FaultFileSystem::Create(const std::string& path) {
  const MutexLock lock(mutex_);
  STRIA_RETURN_IF_ERROR(Change("create", path));
  const auto [parent, name] = Split(path);
  const auto directory = directories_.find(parent);
  if (directory == directories_.end()) return NotFound("create {}", path);
  const auto found = directory->second.names.find(name);
  InodePtr inode;
  if (found == directory->second.names.end()) {
    inode = std::make_shared<Inode>();
    ChangeNames(directory->second, {{name, inode}});
  } else {
    inode = found->second;
    inode->bytes.clear();
    inode->ahead.clear();
    inode->size_is_ahead = true;
  }
  return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, std::move(inode), path));
}

Status FaultFileSystem::Link(const std::string& from, const std::string& to) {
  const MutexLock lock(mutex_);
  STRIA_RETURN_IF_ERROR(Change("link", to));
  STRIA_ASSIGN_OR_RETURN(auto inode, Find("link", from));
  const auto [parent, name] = Split(to);
  Directory& directory = directories_[parent];
  if (directory.names.contains(name) && !Lies(Lie::kLinkReplaces, to)) {
    return AlreadyExists("link {}", to);
  }
  ChangeNames(directory, {{name, std::move(inode)}});
  return Status::Ok();
}

Status FaultFileSystem::Rename(const std::string& from, const std::string& to) {
  const MutexLock lock(mutex_);
  STRIA_RETURN_IF_ERROR(Change("rename", to));
  STRIA_ASSIGN_OR_RETURN(auto inode, Find("rename", from));
  const auto [from_parent, from_name] = Split(from);
  const auto [to_parent, to_name] = Split(to);
  if (from_parent != to_parent) return InvalidArgument("rename {} across directories", from);
  ChangeNames(directories_[from_parent], {{from_name, nullptr}, {to_name, std::move(inode)}});
  return Status::Ok();
}

Status FaultFileSystem::Remove(const std::string& path) {
  const MutexLock lock(mutex_);
  STRIA_RETURN_IF_ERROR(Change("remove", path));
  STRIA_ASSIGN_OR_RETURN(const auto inode, Find("remove", path));
  const auto [parent, name] = Split(path);
  ChangeNames(directories_[parent], {{name, nullptr}});
  return Status::Ok();
}

Status FaultFileSystem::CreateDirectories(const std::string& path) {
  const MutexLock lock(mutex_);
  STRIA_RETURN_IF_ERROR(Change("create directory", path));
  directories_.try_emplace(path);
  return Status::Ok();
}

Status FaultFileSystem::SyncDirectory(const std::string& path) {
  const MutexLock lock(mutex_);
  STRIA_RETURN_IF_ERROR(Change("sync directory", path));
  if (Lies(Lie::kDirectorySync, path)) return Status::Ok();
  Directory& directory = directories_[path];
  directory.disk = directory.names;
  directory.ahead.clear();
  return Status::Ok();
}

Result<std::vector<std::string>> FaultFileSystem::List(const std::string& path) {
  const MutexLock lock(mutex_);
  STRIA_RETURN_IF_ERROR(Look("list", path));
  std::vector<std::string> names;
  const auto found = directories_.find(path);
  if (found == directories_.end()) return names;
  for (const auto& [name, inode] : found->second.names)
    names.push_back(name);
  return names;
}

Result<bool> FaultFileSystem::Exists(const std::string& path) {
  const MutexLock lock(mutex_);
  STRIA_RETURN_IF_ERROR(Look("stat", path));
  return directories_.contains(path) || Find("stat", path).has_value();
}

Result<uint64_t> FaultFileSystem::FileSize(const std::string& path) {
  const MutexLock lock(mutex_);
  STRIA_RETURN_IF_ERROR(Look("stat", path));
  STRIA_ASSIGN_OR_RETURN(const auto inode, Find("stat", path));
  return inode->bytes.size();
}

Result<DiskSpace> FaultFileSystem::Space(const std::string& /*path*/) {
  const MutexLock lock(mutex_);
  const uint64_t used = UsedBytes();
  return DiskSpace{.free_bytes = used < capacity_ ? capacity_ - used : 0, .total_bytes = capacity_};
}

Result<std::unique_ptr<DirectoryLock>> FaultFileSystem::Lock(const std::string& path) {
  const MutexLock lock(mutex_);
  if (!locks_.emplace(path, 1).second) {
    return Unavailable("{} is in use by process 1", path);
  }
  return std::unique_ptr<DirectoryLock>(std::make_unique<HeldLock>(*this, path));
}

uint64_t FaultFileSystem::UsedBytes() {
  ++num_counts_;
  uint64_t bytes = 0;
  for (const auto& [path, directory] : directories_) {
    for (const auto& [name, inode] : directory.names) {
      if (std::exchange(inode->num_counts, num_counts_) != num_counts_)
        bytes += inode->bytes.size();
    }
  }
  return bytes;
}

Status FaultFileSystem::Write(Inode& inode, const std::string& path, uint64_t offset,
                              std::span<const std::byte> bytes) {
  const MutexLock lock(mutex_);
  Status status = Change("write", path);
  if (!status.ok()) {
    if (status.message() == "the machine is off") return status;
    bytes = bytes.first(bytes.size() / 2);
  }
  const size_t end = offset + bytes.size();
  if (end > inode.bytes.size()) {
    if (UsedBytes() + (end - inode.bytes.size()) > capacity_) return DiskFull("write {}", path);
    inode.bytes.resize(end);
    inode.ahead.resize(NumSectors(end));
    inode.size_is_ahead = true;
  }
  std::ranges::copy(bytes, inode.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  for (size_t sector = offset / kSectorBytes; sector < NumSectors(end) && !bytes.empty(); ++sector)
    inode.ahead[sector] = true;
  return status;
}

Status FaultFileSystem::SyncFile(Inode& inode, const std::string& path) {
  const MutexLock lock(mutex_);
  const bool was_dead = dead_;
  const Status status = Change("sync", path);
  if (!status.ok()) {
    // The kernel reports once and forgets; a machine that is off forgets nothing yet.
    if (!was_dead && !dead_) {
      inode.ahead.assign(inode.ahead.size(), false);
      inode.size_is_ahead = false;
    }
    return status;
  }
  if (Lies(Lie::kFileSync, path)) return Status::Ok();
  LosePower(inode, Unsynced::kKeepAll);
  return Status::Ok();
}

// Brings the disk to what it has after a power cut; `bytes` stay.
void FaultFileSystem::LosePower(Inode& inode, Unsynced unsynced) {
  if (unsynced == Unsynced::kDropNames || unsynced == Unsynced::kKeepNames) return;
  const bool tears = unsynced == Unsynced::kTorn;
  if (inode.size_is_ahead && (!tears || random_() % 2 == 0)) inode.disk.resize(inode.bytes.size());
  inode.size_is_ahead = false;
  bool may_tear = tears && random_() % 2 == 0;
  for (size_t sector = 0; sector < inode.ahead.size(); ++sector) {
    if (!inode.ahead[sector]) continue;
    inode.ahead[sector] = false;
    if (tears && random_() % 2 == 0) continue;
    const size_t begin = sector * kSectorBytes;
    size_t size = std::min(kSectorBytes, inode.bytes.size() - begin);
    if (may_tear && random_() % 4 == 0) {
      size = random_() % size;
      may_tear = false;
    }
    if (inode.disk.size() < begin + size) inode.disk.resize(begin + size);
    std::copy_n(inode.bytes.begin() + static_cast<std::ptrdiff_t>(begin), size,
                inode.disk.begin() + static_cast<std::ptrdiff_t>(begin));
  }
}

void FaultFileSystem::Restart() {
  const MutexLock lock(mutex_);
  fail_in_ = 0;
  fail_read_in_ = 0;
  dead_ = false;
  failed_ = false;
}

void FaultFileSystem::Crash(Unsynced unsynced) {
  Restart();
  const MutexLock lock(mutex_);
  std::set<InodePtr> inodes;
  for (auto& [path, directory] : directories_) {
    size_t num_kept = 0;
    if (unsynced == Unsynced::kKeepNames || unsynced == Unsynced::kKeepAll) {
      num_kept = directory.ahead.size();
    } else if (unsynced == Unsynced::kTorn) {
      num_kept = random_() % (directory.ahead.size() + 1);
    }
    for (size_t i = 0; i < num_kept; ++i) {
      for (const auto& [name, inode] : directory.ahead[i]) {
        if (inode == nullptr) {
          directory.disk.erase(name);
        } else {
          directory.disk[name] = inode;
        }
      }
    }
    directory.ahead.clear();
    directory.names = directory.disk;
    for (const auto& [name, inode] : directory.names)
      inodes.insert(inode);
  }
  for (const auto& inode : inodes) {
    LosePower(*inode, unsynced);
    inode->bytes = inode->disk;
    inode->ahead.assign(NumSectors(inode->bytes.size()), false);
    inode->size_is_ahead = false;
  }
}

}  // namespace stria::storage
