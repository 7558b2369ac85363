#include "ingest/series_text.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include <immintrin.h>

#include "ingest/line_parser.h"
#include "storage/types/schema.h"

namespace stria::ingest {
namespace {

constexpr size_t kBlock = 32;

__m256i LoadBlock(const char* text) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
}

// One bit for each character of a block that is `c`.
uint32_t BitsOf(__m256i block, char c) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(block, _mm256_set1_epi8(c))));
}

// Copies text that ends where as much may be read, and written, behind it.
char* CopyShort(std::string_view text, char* out) {
  for (size_t at = 0; at < text.size(); at += kBlock)
    std::memcpy(out + at, text.data() + at, kBlock);
  return out + text.size();
}

char* WriteSize(size_t size, char* out) {
  for (; size >= 0x80; size >>= 7)
    *out++ = static_cast<char>(size | 0x80);
  *out++ = static_cast<char>(size);
  return out;
}

}  // namespace

size_t SeriesTextSize(const char* line, const char* end) {
  const char* at = line;
  while (end - at >= kSeriesSlackBytes + static_cast<ptrdiff_t>(kBlock)) {
    const __m256i block = LoadBlock(at);
    uint32_t stops = BitsOf(block, ' ') | BitsOf(block, '\n');
    for (; stops != 0; stops &= stops - 1) {
      const char* const stop = at + std::countr_zero(stops);
      if (*stop == '\n' || stop == line) return 0;
      if (stop[-1] != '\\') return static_cast<size_t>(stop - line);
    }
    at += kBlock;
  }
  return 0;
}

bool SplitPlainSeries(std::string_view text, PlainSeries& series) {
  series.tags.clear();
  if (text.size() > kMaxSeriesTextBytes) return false;
  size_t name_begin = 0;   // Of the tag under way; 0: the measurement is.
  size_t value_begin = 0;  // Likewise; 0: its name is.
  const auto end_tag = [&](size_t end) {
    if (name_begin == 0) {
      series.measurement = text.substr(0, end);
      return end != 0;
    }
    if (value_begin == 0 || value_begin == end) return false;
    const auto name = text.substr(name_begin, value_begin - 1 - name_begin);
    if (name.empty() || name == kTimeColumnName) return false;
    series.tags.emplace_back(name, text.substr(value_begin, end - value_begin));
    return true;
  };
  for (size_t offset = 0; offset < text.size(); offset += kBlock) {
    const __m256i block = LoadBlock(text.data() + offset);
    const size_t rest = text.size() - offset;
    const uint32_t inside = rest >= kBlock ? ~uint32_t{0} : (uint32_t{1} << rest) - 1;
    const uint32_t unusual = static_cast<uint32_t>(_mm256_movemask_epi8(block)) |
                             BitsOf(block, '\\') | BitsOf(block, '\r');
    if ((unusual & inside) != 0) return false;
    uint32_t stops = (BitsOf(block, ',') | BitsOf(block, '=')) & inside;
    for (; stops != 0; stops &= stops - 1) {
      const size_t stop = offset + static_cast<size_t>(std::countr_zero(stops));
      if (text[stop] == ',') {
        if (!end_tag(stop)) return false;
        name_begin = stop + 1;
        value_begin = 0;
      } else {
        if (name_begin == 0 || value_begin != 0) return false;
        value_begin = stop + 1;
      }
    }
  }
  return end_tag(text.size());
}

bool TagOrder::Matches(const std::vector<TagView>& tags) const {
  if (tags.size() != names_.size()) return false;
  for (size_t i = 0; i < tags.size(); ++i) {
    if (tags[i].first != names_[i]) return false;
  }
  return true;
}

bool TagOrder::Learn(const std::vector<TagView>& tags) {
  std::vector<uint32_t> sorted(tags.size());
  std::iota(sorted.begin(), sorted.end(), 0U);
  const auto name_of = [&](uint32_t i) { return tags[i].first; };
  std::ranges::sort(sorted, {}, name_of);
  if (std::ranges::adjacent_find(sorted, {}, name_of) != sorted.end()) return false;
  names_.clear();
  key_names_.clear();
  for (const auto& tag : tags)
    names_.emplace_back(tag.first);
  for (const uint32_t i : sorted) {
    std::vector<TagView> tag = {{names_[i], "v"}};
    const auto key = MakeSeriesKey(tag);
    key_names_.push_back(key->substr(0, key->size() - 2));  // Without the value.
  }
  sorted_ = std::move(sorted);
  return true;
}

std::string TagOrder::KeyOf(const std::vector<TagView>& tags) {
  constexpr size_t kMaxSizeBytes = 3;  // Of texts up to kMaxSeriesTextBytes.
  size_t most = kBlock;
  for (size_t i = 0; i < tags.size(); ++i)
    most += key_names_[i].size() + kMaxSizeBytes + tags[i].second.size();
  if (scratch_.size() < most) scratch_.resize(most);
  char* out = scratch_.data();
  for (size_t i = 0; i < sorted_.size(); ++i) {
    const std::string& name = key_names_[i];
    std::memcpy(out, name.data(), name.size());
    out += name.size();
    const std::string_view value = tags[sorted_[i]].second;
    out = CopyShort(value, WriteSize(value.size(), out));
  }
  return {scratch_.data(), static_cast<size_t>(out - scratch_.data())};
}

}  // namespace stria::ingest
