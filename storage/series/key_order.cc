#include "storage/series/key_order.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace stria::storage {
namespace {

// Values up to which a dictionary is sorted as a whole.
constexpr uint32_t kMaxRankedValues = 1 << 16;

// Series looked at before others get at the keys.
constexpr uint32_t kStretch = 4096;

// Above this share of new series all are sorted, which reads keys in the order of memory.
constexpr uint32_t kMinOldANew = 16;

struct Sortable {
  uint64_t bits;
  uint32_t id;
};

unsigned BitsFor(uint32_t num_values) {
  return static_cast<unsigned>(std::bit_width(num_values - 1));
}

// Ranks of the strings that `text_of(i)` gives, in the order that they have in keys.
template <typename TextOf>
std::vector<uint32_t> RanksOf(uint32_t num, const TextOf& text_of) {
  std::vector<uint32_t> order(num), ranks(num);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order,
                    [&](uint32_t a, uint32_t b) { return IsLessInKey(text_of(a), text_of(b)); });
  for (uint32_t rank = 0; rank < num; ++rank)
    ranks[order[rank]] = rank;
  return ranks;
}

// Appends bits below those that are there, while there is room for all of them.
class BitsBuilder {
 public:
  unsigned room() const { return room_; }
  uint64_t bits() const { return bits_; }
  bool Append(uint64_t value, unsigned num_bits) {
    if (num_bits > room_) return false;
    room_ -= num_bits;
    if (num_bits > 0) bits_ |= value << room_;
    return true;
  }

 private:
  uint64_t bits_ = 0;
  unsigned room_ = 64;
};

// Makes the 64 bits of series that exist when it is made.
class KeyBits {
 public:
  explicit KeyBits(const KeyColumns& keys) : keys_(keys), has_one_shape_(keys.num_shapes() <= 1) {
    const uint32_t num_tags = keys.num_tags();
    name_ranks_ = RanksOf(num_tags, [&](uint32_t i) { return std::string_view(keys.tag(i).name); });
    name_bits_ = BitsFor(num_tags + 1);
    values_.resize(num_tags);
    for (uint32_t i = 0; i < num_tags; ++i) {
      const TagDictionary& values = keys.tag(i).values;
      if (values.size() > kMaxRankedValues) {
        values_[i].common_prefix = values.common_prefix();
      } else if (values.size() > 0) {
        values_[i].ranks = RanksOf(values.size(), [&](uint32_t code) { return values[code]; });
        values_[i].num_bits = BitsFor(values.size());
      }
    }
  }

  uint64_t Of(uint32_t id) const {
    BitsBuilder bits;
    for (const uint32_t position : keys_.shape(keys_.shapes()[id])) {
      // 0 is for a key that ends here.
      if (!has_one_shape_ && !bits.Append(name_ranks_[position] + 1, name_bits_)) break;
      const Values& values = values_[position];
      const auto& tag = keys_.tag(position);
      const uint32_t code = tag.codes[id];
      if (values.ranks.empty()) {
        AppendText(tag.values[code], values.common_prefix, bits);
        break;
      }
      if (!bits.Append(values.ranks[code], values.num_bits)) break;
    }
    return bits.bits();
  }

 private:
  struct Values {
    std::vector<uint32_t> ranks;  // By code; empty for a large dictionary.
    unsigned num_bits = 0;
    uint32_t common_prefix = 0;  // Bytes that all values begin with, at this moment.
  };

  // What begins with the same bytes and is as long differs behind them. A long value gets no bits
  // but its length's.
  static void AppendText(std::string_view text, uint32_t common_prefix, BitsBuilder& bits) {
    constexpr size_t kLong = 0x80;
    const size_t first = text.size() < kLong ? text.size() : (text.size() & 0x7f) | 0x80;
    if (!bits.Append(first, 8) || text.size() >= kLong) return;
    for (const char c : text.substr(common_prefix)) {
      if (!bits.Append(static_cast<uint8_t>(c), 8)) return;
    }
  }

  const KeyColumns& keys_;
  const bool has_one_shape_;
  std::vector<uint32_t> name_ranks_;
  unsigned name_bits_ = 0;
  std::vector<Values> values_;  // By tag.
};

}  // namespace

std::vector<uint32_t> SortByKey(const KeyColumns& keys, uint32_t begin, uint32_t end,
                                std::shared_mutex& mutex) {
  std::shared_lock lock(mutex);
  const KeyBits key_bits(keys);
  std::vector<Sortable> series;
  series.reserve(end - begin);
  for (uint32_t id = begin; id < end; ++id) {
    if (id % kStretch == 0) {
      lock.unlock();
      lock.lock();
    }
    series.push_back({key_bits.Of(id), id});
  }
  lock.unlock();
  std::ranges::sort(series, {}, &Sortable::bits);
  lock.lock();
  size_t num_seen = 0;
  for (auto first = series.begin(); first != series.end();) {
    const auto last = std::find_if(first, series.end(),
                                   [&](const Sortable& one) { return one.bits != first->bits; });
    const auto num = static_cast<size_t>(last - first);
    if (num > 1) {
      num_seen += num;
      if (num_seen >= kStretch) {
        num_seen = 0;
        lock.unlock();
        lock.lock();
      }
      std::sort(first, last,
                [&](const Sortable& a, const Sortable& b) { return keys.IsLess(a.id, b.id); });
    }
    first = last;
  }
  std::vector<uint32_t> order(series.size());
  std::ranges::transform(series, order.begin(), &Sortable::id);
  return order;
}

std::vector<uint32_t> ExtendRanks(const KeyColumns& keys, const std::vector<uint32_t>& ranks,
                                  uint32_t num_series, std::shared_mutex& mutex) {
  const auto num_old = static_cast<uint32_t>(ranks.size());
  const uint32_t num_new = num_series - num_old;
  std::vector<uint32_t> extended(num_series);
  if (num_new >= num_old / kMinOldANew) {
    const auto order = SortByKey(keys, 0, num_series, mutex);
    for (uint32_t rank = 0; rank < num_series; ++rank)
      extended[order[rank]] = rank;
    return extended;
  }
  std::vector<uint32_t> old_order(num_old);
  for (uint32_t id = 0; id < num_old; ++id)
    old_order[ranks[id]] = id;
  const auto new_order = SortByKey(keys, num_old, num_series, mutex);
  // Each new series goes behind the old ones that are before it, which are at least those of the
  // new series before.
  uint32_t num_before = 0, rank = 0;
  std::shared_lock lock(mutex);
  for (uint32_t i = 0; i < num_new; ++i) {
    if (i % (kStretch / 32) == 0) {
      lock.unlock();
      lock.lock();
    }
    const uint32_t id = new_order[i];
    const auto is_less = [&](uint32_t old_id, uint32_t new_id) {
      return keys.IsLess(old_id, new_id);
    };
    uint32_t step = 1;
    while (num_before + step <= num_old && is_less(old_order[num_before + step - 1], id))
      step *= 2;
    const auto from = old_order.begin() + num_before + step / 2;
    const auto to =
        old_order.begin() + std::min<std::ptrdiff_t>(num_old, num_before + std::ptrdiff_t{step});
    const auto place = std::lower_bound(from, to, id, is_less);
    for (const auto end = static_cast<uint32_t>(place - old_order.begin()); num_before < end;)
      extended[old_order[num_before++]] = rank++;
    extended[id] = rank++;
  }
  while (num_before < num_old)
    extended[old_order[num_before++]] = rank++;
  return extended;
}

}  // namespace stria::storage
