// The text of a series, measurement and tags, taken apart without the grammar's care.
//
// Nearly all of it is plain: ASCII without backslashes, each tag a name and a value. Plain text is
// split by comparing 32 characters at once with the few that mean something; any other text goes
// through the grammar of line_parser.h, and the answer is the same either way.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/types/series_key.h"

namespace stria::ingest {

/// What must be readable behind a text that is looked at here.
inline constexpr ptrdiff_t kSeriesSlackBytes = 64;

/// The number of characters before the first space that no backslash escapes; 0 if the line ends
/// before that, or if there may be less than kSeriesSlackBytes left before `end` behind it.
size_t SeriesTextSize(const char* line, const char* end);

/// A plain text, split. The views point into it.
struct PlainSeries {
  std::string_view measurement;
  std::vector<TagView> tags;  ///< as they stand in the text
};

/// Splits `text`, behind which kSeriesSlackBytes can be read. False if it is not plain, or is to be
/// refused: `series` is then unspecified.
bool SplitPlainSeries(std::string_view text, PlainSeries& series);

/// The tag names of a text in their order, and where each goes in the canonical key: most texts of
/// a table have the same names, and then nothing need be sorted. Thread safety: thread-compatible.
class TagOrder {
 public:
  bool empty() const { return names_.empty(); }
  bool Matches(const std::vector<TagView>& tags) const;
  /// Takes the names of `tags`; false, and nothing is taken, if one occurs twice.
  bool Learn(const std::vector<TagView>& tags);
  /// The key of `tags`, which match. The values have kSeriesSlackBytes behind them.
  std::string KeyOf(const std::vector<TagView>& tags);

 private:
  std::vector<std::string> names_;      // As in the text.
  std::vector<uint32_t> sorted_;        // Positions in names_, ascending by name.
  std::vector<std::string> key_names_;  // By position in sorted_: as they stand in the key.
  std::vector<char> scratch_;
};

}  // namespace stria::ingest
