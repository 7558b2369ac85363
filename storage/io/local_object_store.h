// A directory that acts as an object store: for tests, for one machine, for a mounted disk.
//
// All objects lie flat in the directory. A file is named as its object, with "/", "%", control
// characters and a leading "." written as "%" and two hexadecimal digits, so that no name leads out
// of the directory and none is taken for a temporary file.

#pragma once

#include <memory>
#include <string>

#include "storage/base/status.h"
#include "storage/io/file_system.h"
#include "storage/io/object_store.h"

namespace stria::storage {

/// Opens or makes the store in `directory`. `files` outlives it.
Result<std::unique_ptr<ObjectStore>> OpenLocalObjectStore(FileSystem& files, std::string directory);

}  // namespace stria::storage
