// A file of line protocol in memory, cut into request bodies where a row ends.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace stria::bench {

/// What one request carries. `bytes` points into the text that was cut.
struct Body {
  std::string_view bytes;
  uint64_t num_rows = 0;
};

struct CutText {
  std::vector<Body> bodies;
  uint64_t num_rows = 0;
  uint64_t num_values = 0;  ///< fields that are not NULL
};

/// Cuts `text` after every `rows_per_body` rows. A newline inside a quoted field ends no row; blank
/// lines and comments are no rows. Requires rows_per_body > 0.
CutText CutBodies(std::string_view text, uint64_t rows_per_body);

/// `body` as a gzip file.
std::string Gzip(std::string_view body);

/// Reads a file, unpacking zstd by its magic bytes, in pieces that end where a line does.
///
/// Thread safety: confined.
class TextFile {
 public:
  /// Fails with kNotFound or kIoError.
  static Result<std::unique_ptr<TextFile>> Open(const std::string& path);
  ~TextFile();
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;

  /// Replaces `text` by the next piece, about `target_bytes` long; empty at the end. Fails with
  /// kCorruption when a compressed file is damaged or cut short, kIoError.
  Status Next(size_t target_bytes, std::string& text);

 private:
  struct State;
  explicit TextFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace stria::bench
