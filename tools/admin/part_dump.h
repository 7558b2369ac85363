// `stria dump part`: what a part file holds and where its bytes are.

#pragma once

#include <string>

#include "storage/io/file_system.h"

namespace stria::admin {

/// Describes every part in the file: names, ranges, and the bytes of each column by encoding. Parts
/// are found from the end of the file, so no manifest is needed. Fails with kCorruption when the
/// last part cannot be read.
Result<std::string> DumpPartFile(storage::FileSystem& files, const std::string& path);

}  // namespace stria::admin
