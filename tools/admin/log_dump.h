// `stria dump wal|manifest|catalog|series`: one file of a log, as text.

#pragma once

#include <string>

#include "storage/io/file_system.h"

namespace stria::admin {

/// The header of a segment of the write-ahead log, each of its frames, and what stands behind the
/// last. Damage is part of the text; fails only when there is no header to read the frames by.
Result<std::string> DumpWalSegment(storage::FileSystem& files, const std::string& path);

/// What a record of a manifest changes, or for a snapshot all it names. Fails with kCorruption.
Result<std::string> DumpManifestRecord(storage::FileSystem& files, const std::string& path);

/// The catalog as of the record `path`: databases, tables, columns. Fails with kCorruption when the
/// record, or one before it that it needs, is damaged or gone.
Result<std::string> DumpCatalogRecord(storage::FileSystem& files, const std::string& path);

/// The ids and keys that a file of series introduces. Fails with kCorruption.
Result<std::string> DumpSeriesFile(storage::FileSystem& files, const std::string& path);

}  // namespace stria::admin
