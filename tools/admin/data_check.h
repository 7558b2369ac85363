// `stria check`: reads everything in a data directory, changes nothing, and explains what it finds.
//
// The engine's own readers do the reading, over a file system that forgets writes, so that what is
// found is what a start would find. Beyond them it compares what a start does not look at: every
// block of every part, keys with ids, sequence ranges of parts that overlap, files nobody names.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/io/file_system.h"

namespace stria::admin {

enum class Severity : uint8_t {
  kError,  ///< data is damaged or missing
  kNote,   ///< worth knowing, nothing is lost
};

struct Finding {
  Severity severity = Severity::kError;
  std::string file;    ///< below the data directory
  std::string what;    ///< a sentence
  std::string advice;  ///< a sentence
};

/// What was read, for a reader who wants to know that something was.
struct CheckCounts {
  uint64_t shards = 0, databases = 0, tables = 0, parts = 0, part_bytes = 0, blocks = 0, rows = 0,
           series = 0, log_records = 0;
};

struct CheckReport {
  std::vector<Finding> findings;
  CheckCounts counts;
  bool has_errors() const;
};

/// Checks the data directory `directory`, which no server may be writing meanwhile.
CheckReport CheckData(storage::FileSystem& files, const std::string& directory);

}  // namespace stria::admin
