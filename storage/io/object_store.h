// The interface through which cold data is kept away from the local disk.
//
// Objects are immutable: a name is put once, read in ranges, and deleted. What the engine relies on
// is what S3 and its relatives promise: after kOk an object is durable and every later call sees
// it; of two who put the same name one fails; an object is there whole or not at all.
//
// Errors: kNotFound, kAlreadyExists, kInvalidArgument for a name, kDiskFull, kUnavailable (worth
// another try), else kIoError. Messages name the store and the object.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace stria::storage {

struct ObjectInfo {
  std::string name;
  uint64_t bytes = 0;
  friend bool operator==(const ObjectInfo&, const ObjectInfo&) = default;
};

/// Thread safety: thread-safe.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// Stores `bytes` under `name`, UTF-8 with "/" between its parts. Fails with kAlreadyExists if
  /// the name is taken. After kUnavailable or kIoError it may be there or not.
  virtual Status PutIfAbsent(std::string_view name, std::span<const std::byte> bytes) = 0;

  /// Bytes [offset, offset + length) of an object. Fails with kOutOfRange when it ends before.
  virtual Result<std::vector<std::byte>> GetRange(std::string_view name, uint64_t offset,
                                                  uint64_t length) = 0;

  /// Objects whose names begin with `prefix`, ascending by name.
  virtual Result<std::vector<ObjectInfo>> List(std::string_view prefix) = 0;

  /// Removes an object; kOk as well when there is none.
  virtual Status Delete(std::string_view name) = 0;
};

}  // namespace stria::storage
