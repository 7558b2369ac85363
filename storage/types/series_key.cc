#include "storage/types/series_key.h"

#include <algorithm>

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"
#include "storage/base/errors.h"

namespace stria {
namespace {

void AppendText(std::string_view text, std::string& key) {
  size_t size = text.size();
  for (; size >= 0x80; size >>= 7)
    key.push_back(static_cast<char>(size | 0x80));
  key.push_back(static_cast<char>(size));
  key.append(text);
}

}  // namespace

Result<std::string> MakeSeriesKey(std::vector<TagView>& tags) {
  if (!std::ranges::is_sorted(tags)) std::ranges::sort(tags);
  std::string key;
  const TagView* previous = nullptr;
  for (const TagView& tag : tags) {
    if (previous != nullptr && previous->first == tag.first) {
      return InvalidArgument("duplicate tag \"{}\"", tag.first);
    }
    previous = &tag;
    if (tag.second.empty()) continue;
    AppendText(tag.first, key);
    AppendText(tag.second, key);
  }
  return key;
}

Result<std::vector<TagView>> ParseSeriesKey(std::string_view key) {
  std::vector<TagView> tags;
  ByteReader reader(AsBytes(key));
  while (!reader.empty()) {
    STRIA_ASSIGN_OR_RETURN(const auto name, reader.ReadString());
    STRIA_ASSIGN_OR_RETURN(const auto value, reader.ReadString());
    if (value.empty() || (!tags.empty() && tags.back().first >= name)) {
      return Corruption("series key out of form at tag \"{}\"", name);
    }
    tags.emplace_back(name, value);
  }
  return tags;
}

uint64_t HashSeriesKey(TableId table, std::string_view key) {
  return Checksum(AsBytes(key), table.value());
}

std::string FormatSeriesKey(std::string_view key) {
  const auto tags = ParseSeriesKey(key);
  if (!tags) return "<damaged series key>";
  std::string text;
  for (const auto& [name, value] : *tags) {
    if (!text.empty()) text += ',';
    text.append(name).append("=").append(value);
  }
  return text;
}

}  // namespace stria
