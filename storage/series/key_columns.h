// The canonical keys of the series of a table, as columns of codes: one dictionary and one column
// for each tag name, and for each series the set of its tag names ("shape"), of which a table has
// few. Keys are rebuilt from that, byte for byte, and compared with it without being rebuilt.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/series/code_column.h"
#include "storage/series/tag_dictionary.h"
#include "storage/types/series_key.h"

namespace stria::storage {

/// Thread safety: thread-compatible.
class KeyColumns {
 public:
  struct Tag {
    std::string name;
    std::string encoded_name;  ///< as in a key
    TagDictionary values;
    CodeColumn codes;  ///< by series; the series past its end have none
  };
  /// Positions of tags, ascending by name.
  using Shape = std::vector<uint32_t>;

  uint32_t num_series() const { return num_series_; }

  /// Appends a series with these tags, ascending by name; its id is num_series() before.
  void Add(std::span<const TagView> tags);
  /// The same with codes: of shape `shape`, `codes` in its order.
  void Add(uint32_t shape, std::span<const uint32_t> codes);

  /// The position of a tag, and of a shape, which are new if they are not there.
  uint32_t TagAt(std::string_view name);
  uint32_t ShapeAt(const Shape& shape);

  /// Whether `key` is that of series `id`.
  bool IsKeyOf(uint32_t id, std::string_view key) const;
  void AppendKey(uint32_t id, std::string& key) const;
  void AppendKey(uint32_t shape, std::span<const uint32_t> codes, std::string& key) const;
  /// Asks for the memory that IsKeyOf() reads, in three steps.
  void Prefetch(uint32_t id, int step) const;

  /// Whether the key of `a` is before that of `b` in the order of bytes.
  bool IsLess(uint32_t a, uint32_t b) const;

  /// Null when no series has the tag. Stays where it is.
  const Tag* Find(std::string_view name) const;
  const Tag& tag(uint32_t position) const { return *tags_[position]; }
  Tag& tag(uint32_t position) { return *tags_[position]; }
  uint32_t num_tags() const { return static_cast<uint32_t>(tags_.size()); }
  const Shape& shape(uint32_t position) const { return shapes_[position]; }
  uint32_t num_shapes() const { return static_cast<uint32_t>(shapes_.size()); }
  const CodeColumn& shapes() const { return shape_of_; }

  uint64_t bytes() const;

 private:
  struct ShapeHash {
    size_t operator()(const Shape& shape) const;
  };

  const Shape& ShapeOf(uint32_t id) const { return shapes_[shape_of_[id]]; }

  std::vector<std::unique_ptr<Tag>> tags_;
  std::unordered_map<std::string_view, uint32_t> tag_of_name_;  // Views into tags_.
  std::vector<Shape> shapes_;
  std::unordered_map<Shape, uint32_t, ShapeHash> shape_numbers_;
  CodeColumn shape_of_;
  uint32_t num_series_ = 0;
  Shape building_;  // Scratch of Add().
  std::vector<uint32_t> building_codes_;
};

/// Whether `a` is before `b` where each stands in a key, behind its length: the order of keys.
bool IsLessInKey(std::string_view a, std::string_view b);

/// Appends `text` as it stands in a key.
void AppendToKey(std::string_view text, std::string& key);

}  // namespace stria::storage
