// Reads text in pieces that end at a line's end, from a file or from stdin, unpacking gzip and zstd
// by their magic bytes. Waiting for input, as at a terminal, ends when somebody presses Ctrl-C.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "storage/base/status.h"

namespace stria::cli {

/// Thread safety: confined, but for Stop().
class LineReader {
 public:
  /// Opens `path`, or stdin for "-". Fails with kNotFound or kIoError.
  static Result<std::unique_ptr<LineReader>> Open(const std::string& path);
  ~LineReader();

  /// Replaces `piece` with about `target_bytes` of text, up to and including the end of a line;
  /// only the last piece may lack that. Empty at the end. Fails with kCorruption on a damaged or
  /// truncated compressed file, after everything before the damage was handed out, and with
  /// kCancelled after Stop() or an interrupt.
  Status Next(size_t target_bytes, std::string& piece);

  /// Ends a Next() that waits for input in another thread.
  void Stop() { stopped_.store(true, std::memory_order_relaxed); }

  uint64_t compressed_bytes_read() const { return compressed_bytes_; }
  /// Size of the file, 0 when it is not known.
  uint64_t compressed_bytes_total() const { return total_bytes_; }

 private:
  class Unpacker;
  class PlainUnpacker;
  class GzipUnpacker;
  class ZstdUnpacker;

  LineReader() = default;
  Status Fill(size_t target_bytes);
  Status Read(std::string& packed);

  std::string path_;
  int file_ = -1;
  std::atomic<bool> stopped_ = false;
  std::unique_ptr<Unpacker> unpacker_;
  std::string text_;  // Unpacked and not handed out yet.
  bool at_end_ = false;
  Status failure_;  // Handed out once everything before it was.
  uint64_t compressed_bytes_ = 0;
  uint64_t total_bytes_ = 0;
};

}  // namespace stria::cli
