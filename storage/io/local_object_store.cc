#include "storage/io/local_object_store.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "storage/base/errors.h"
#include "storage/base/mutex.h"

namespace stria::storage {
namespace {

constexpr size_t kMaxFileNameBytes = 250;  // 255 for most file systems, less ".", ".tmp".

bool IsPlain(char c, bool is_first) {
  const auto byte = static_cast<unsigned char>(c);
  return c != '/' && c != '%' && byte >= 0x20 && byte != 0x7f && !(is_first && c == '.');
}

std::string Escape(std::string_view name) {
  std::string file;
  for (const char c : name) {
    if (IsPlain(c, file.empty())) {
      file += c;
    } else {
      file += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return file;
}

std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

// Nullopt for a file that Escape() does not name, such as a temporary one.
std::optional<std::string> Unescape(std::string_view file) {
  std::string name;
  for (size_t i = 0; i < file.size(); ++i) {
    if (file[i] != '%') {
      name += file[i];
      continue;
    }
    if (i + 2 >= file.size()) return std::nullopt;
    const auto high = HexDigit(file[i + 1]), low = HexDigit(file[i + 2]);
    if (!high.has_value() || !low.has_value()) return std::nullopt;
    name += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  if (Escape(name) != file) return std::nullopt;
  return name;
}

class LocalObjectStore final : public ObjectStore {
 public:
  LocalObjectStore(FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  Status Open() {
    STRIA_RETURN_IF_ERROR(files_.CreateDirectories(directory_));
    STRIA_ASSIGN_OR_RETURN(const auto names, files_.List(directory_));
    for (const auto& name : names) {
      // What a crash left of a put that was not answered.
      if (name.starts_with(".") && name.ends_with(".tmp")) {
        STRIA_RETURN_IF_ERROR(files_.Remove(directory_ + "/" + name));
      }
    }
    return files_.SyncDirectory(directory_);
  }

  Status PutIfAbsent(std::string_view name, std::span<const std::byte> bytes) override {
    STRIA_ASSIGN_OR_RETURN(const auto path, PathOf(name));
    // Two who put the same name would write the same temporary file.
    const MutexLock lock(put_mutex_);
    const Status status = CreateIfAbsent(files_, path, bytes);
    if (status.code() == StatusCode::kAlreadyExists) {
      return AlreadyExists("object \"{}\" is in {} already", name, directory_);
    }
    return status.WithContext(fmt::format("put object \"{}\"", name));
  }

  Result<std::vector<std::byte>> GetRange(std::string_view name, uint64_t offset,
                                          uint64_t length) override {
    STRIA_ASSIGN_OR_RETURN(const auto path, PathOf(name));
    const auto file = files_.OpenForRead(path);
    if (!file) {
      if (file.error().code() != StatusCode::kNotFound) return file.error();
      return NotFound("object \"{}\" is not in {}", name, directory_);
    }
    STRIA_ASSIGN_OR_RETURN(const uint64_t size, (*file)->Size());
    if (offset > size || length > size - offset) {
      return OutOfRange("object \"{}\" has {} bytes, wanted {} from {} on", name, size, length,
                        offset);
    }
    std::vector<std::byte> bytes(length);
    STRIA_RETURN_IF_ERROR((*file)->ReadAt(offset, bytes));
    return bytes;
  }

  Result<std::vector<ObjectInfo>> List(std::string_view prefix) override {
    STRIA_ASSIGN_OR_RETURN(const auto files, files_.List(directory_));
    std::vector<ObjectInfo> objects;
    for (const auto& file : files) {
      auto name = Unescape(file);
      if (!name.has_value() || !name->starts_with(prefix)) continue;
      const auto size = files_.FileSize(directory_ + "/" + file);
      if (!size && size.error().code() == StatusCode::kNotFound) continue;  // Deleted meanwhile.
      if (!size) return size.error();
      objects.push_back({*std::move(name), *size});
    }
    std::ranges::sort(objects, {}, &ObjectInfo::name);
    return objects;
  }

  Status Delete(std::string_view name) override {
    STRIA_ASSIGN_OR_RETURN(const auto path, PathOf(name));
    const Status status = files_.Remove(path);
    if (status.code() == StatusCode::kNotFound) return Status::Ok();
    STRIA_RETURN_IF_ERROR(status);
    return files_.SyncDirectory(directory_);
  }

 private:
  Result<std::string> PathOf(std::string_view name) const {
    auto file = Escape(name);
    if (file.empty() || file.size() > kMaxFileNameBytes) {
      return InvalidArgument("object name of {} bytes, at least 1 and at most {} with its escapes",
                             name.size(), kMaxFileNameBytes);
    }
    return directory_ + "/" + file;
  }

  FileSystem& files_;
  const std::string directory_;
  Mutex put_mutex_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> OpenLocalObjectStore(FileSystem& files,
                                                          std::string directory) {
  auto store = std::make_unique<LocalObjectStore>(files, std::move(directory));
  STRIA_RETURN_IF_ERROR(store->Open());
  return std::unique_ptr<ObjectStore>(std::move(store));
}

}  // namespace stria::storage
