#include "storage/series/key_columns.h"

#include <algorithm>
#include <cstring>

#include "storage/base/checksum.h"

namespace stria::storage {
namespace {

size_t EncodeLength(size_t size, char* encoded) {
  size_t num_bytes = 0;
  for (; size >= 0x80; size >>= 7)
    encoded[num_bytes++] = static_cast<char>(size | 0x80);
  encoded[num_bytes++] = static_cast<char>(size);
  return num_bytes;
}

// Takes `front` off `text` if it begins with it.
bool Take(std::string_view front, std::string_view& text) {
  if (!text.starts_with(front)) return false;
  text.remove_prefix(front.size());
  return true;
}

}  // namespace

void AppendToKey(std::string_view text, std::string& key) {
  char length[10];
  key.append(length, EncodeLength(text.size(), length));
  key.append(text);
}

bool IsLessInKey(std::string_view a, std::string_view b) {
  if (a.size() == b.size()) return a < b;
  char length_a[10], length_b[10];
  const size_t num_a = EncodeLength(a.size(), length_a), num_b = EncodeLength(b.size(), length_b);
  // Neither length begins with the other, so that they differ within the shorter one.
  return std::memcmp(length_a, length_b, std::min(num_a, num_b)) < 0;
}

size_t KeyColumns::ShapeHash::operator()(const Shape& shape) const {
  return Checksum(std::as_bytes(std::span(shape)));
}

uint32_t KeyColumns::TagAt(std::string_view name) {
  const auto found = tag_of_name_.find(name);
  if (found != tag_of_name_.end()) return found->second;
  const auto position = static_cast<uint32_t>(tags_.size());
  tags_.push_back(std::make_unique<Tag>());
  tags_.back()->name = name;
  AppendToKey(name, tags_.back()->encoded_name);
  tag_of_name_.emplace(tags_.back()->name, position);
  return position;
}

uint32_t KeyColumns::ShapeAt(const Shape& shape) {
  const auto [entry, added] =
      shape_numbers_.try_emplace(shape, static_cast<uint32_t>(shapes_.size()));
  if (added) shapes_.push_back(shape);
  return entry->second;
}

const KeyColumns::Tag* KeyColumns::Find(std::string_view name) const {
  const auto found = tag_of_name_.find(name);
  return found == tag_of_name_.end() ? nullptr : tags_[found->second].get();
}

void KeyColumns::Add(std::span<const TagView> tags) {
  building_.clear();
  building_codes_.clear();
  for (const auto& [name, value] : tags) {
    building_.push_back(TagAt(name));
    building_codes_.push_back(tags_[building_.back()]->values.FindOrAdd(value));
  }
  Add(ShapeAt(building_), building_codes_);
}

void KeyColumns::Add(uint32_t shape, std::span<const uint32_t> codes) {
  const Shape& tags = shapes_[shape];
  for (size_t i = 0; i < tags.size(); ++i) {
    CodeColumn& column = tags_[tags[i]]->codes;
    column.Extend(num_series_);
    column.Append(codes[i]);
  }
  shape_of_.Append(shape);
  ++num_series_;
}

bool KeyColumns::IsKeyOf(uint32_t id, std::string_view key) const {
  for (const uint32_t position : ShapeOf(id)) {
    const Tag& tag = *tags_[position];
    if (!Take(tag.encoded_name, key)) return false;
    const std::string_view value = tag.values[tag.codes[id]];
    char length[10];
    const size_t num_bytes = EncodeLength(value.size(), length);
    if (!Take({length, num_bytes}, key) || !Take(value, key)) return false;
  }
  return key.empty();
}

void KeyColumns::AppendKey(uint32_t id, std::string& key) const {
  for (const uint32_t position : ShapeOf(id)) {
    const Tag& tag = *tags_[position];
    key += tag.encoded_name;
    AppendToKey(tag.values[tag.codes[id]], key);
  }
}

void KeyColumns::AppendKey(uint32_t shape, std::span<const uint32_t> codes,
                           std::string& key) const {
  for (size_t i = 0; i < codes.size(); ++i) {
    const Tag& tag = *tags_[shapes_[shape][i]];
    key += tag.encoded_name;
    AppendToKey(tag.values[codes[i]], key);
  }
}

void KeyColumns::Prefetch(uint32_t id, int step) const {
  // Dictionaries of fewer values are in a cache anyway.
  constexpr uint32_t kManyValues = 4096;
  for (const uint32_t position : ShapeOf(id)) {
    const Tag& tag = *tags_[position];
    if (step == 0) {
      tag.codes.Prefetch(id);
    } else if (tag.values.size() >= kManyValues) {
      const uint32_t code = tag.codes[id];
      step == 1 ? tag.values.PrefetchPlace(code) : tag.values.PrefetchValue(code);
    }
  }
}

bool KeyColumns::IsLess(uint32_t a, uint32_t b) const {
  const Shape &tags_a = ShapeOf(a), &tags_b = ShapeOf(b);
  const size_t num_both = std::min(tags_a.size(), tags_b.size());
  for (size_t i = 0; i < num_both; ++i) {
    const Tag& tag = *tags_[tags_a[i]];
    if (tags_a[i] != tags_b[i]) return IsLessInKey(tag.name, tags_[tags_b[i]]->name);
    const uint32_t code_a = tag.codes[a], code_b = tag.codes[b];
    if (code_a != code_b) return IsLessInKey(tag.values[code_a], tag.values[code_b]);
  }
  return tags_a.size() < tags_b.size();
}

uint64_t KeyColumns::bytes() const {
  constexpr uint64_t kMapNodeBytes = 64;
  uint64_t bytes = shape_of_.bytes();
  for (const auto& tag : tags_) {
    bytes += sizeof(Tag) + kMapNodeBytes + tag->name.size() + tag->encoded_name.size() +
             tag->values.bytes() + tag->codes.bytes();
  }
  for (const Shape& shape : shapes_)
    bytes += 2 * (shape.size() * sizeof(uint32_t) + sizeof(Shape)) + kMapNodeBytes;
  return bytes;
}

}  // namespace stria::storage
