#include "ingest/predicted_fields.h"

#include <algorithm>
#include <bit>

#include "ingest/digits.h"
#include "ingest/field_value.h"
#include "ingest/line_parser.h"
#include "ingest/precision.h"
#include "ingest/utf8.h"

namespace stria::ingest {
namespace {

constexpr ptrdiff_t kValueSlackBytes = 32;  // What the number short cut may read.
constexpr ptrdiff_t kTimeSlackBytes = 28;

bool IsDelimiter(char c) {
  return c == ',' || c == ' ' || c == '\n' || c == '\r';
}

// The column for a value of `type`, which may be another one than the pattern expects.
uint32_t ColumnOf(TableBuilder& rows, const FieldPattern& field, DataType type) {
  return field.type() == type ? field.column() : rows.FindColumn(field.name(), type);
}

[[gnu::always_inline]] inline void StoreNumber(TableBuilder& rows, const FieldPattern& field,
                                               DataType type, uint64_t bits) {
  rows.Store(ColumnOf(rows, field, type), bits);
}

}  // namespace

size_t PredictedFields::Take(TableBuilder& rows, LinePattern& pattern, size_t begin,
                             size_t fields_offset, int64_t& time_ns) {
  Taken taken{};
  time_ns = default_time_ns_;
  const char* at = TakeFields(rows, pattern, body_.data() + fields_offset, taken);
  if (at != nullptr && *at == ' ') at = TakeTime(at + 1, time_ns);
  if (at != nullptr && *at == '\r' && end_ - at > 1) ++at;
  if (at != nullptr && *at == '\n') {
    const auto next_offset = static_cast<size_t>(at + 1 - body_.data());
    if (next_offset - begin <= max_line_bytes_) return next_offset;
  }
  for (uint32_t i = 0; i < pattern.size(); ++i) {
    if ((taken[i / 64] >> (i % 64) & 1) != 0) rows.Erase(pattern[i].name());
  }
  return kNotTaken;
}

// Stores the fields at `at`; returns where they end, or nullptr. `taken` gets the positions in the
// pattern of those that may have been stored.
const char* PredictedFields::TakeFields(TableBuilder& rows, LinePattern& pattern, const char* at,
                                        Taken& taken) {
  // Of any name and a number, so that one comparison a field is enough.
  const ptrdiff_t readable = pattern.most_readable_bytes() + kValueSlackBytes;
  uint32_t previous = LinePattern::kNone;
  while (true) {
    if (end_ - at < readable) return nullptr;
    uint32_t index = pattern.After(previous);
    if (!pattern[index].Matches(at)) {
      index = pattern.FindAt(at);
      if (index == LinePattern::kNone) return nullptr;
      pattern.SetAfter(previous, index);
    }
    const uint64_t bit = uint64_t{1} << (index % 64);
    if ((taken[index / 64] & bit) != 0) return nullptr;
    taken[index / 64] |= bit;
    const FieldPattern& field = pattern[index];
    at = TakeValue(rows, field, at + field.size());
    if (at == nullptr || at >= end_) return nullptr;
    if (*at != ',') return at;
    ++at;
    previous = index;
  }
}

// Stores the value at `at`, of which kValueSlackBytes can be read; returns its end, or nullptr.
[[gnu::always_inline]] inline const char* PredictedFields::TakeValue(TableBuilder& rows,
                                                                     const FieldPattern& field,
                                                                     const char* at) {
  const char* const begin = at;
  const bool negative = *at == '-';
  at += negative ? 1 : 0;
  const uint64_t word = LoadWord(at);
  const unsigned num_digits = NumLeadingDigits(word);
  if (num_digits == 0 || num_digits == 8) return TakeUnusualValue(rows, field, begin);
  const uint64_t whole = DigitsValue(word, num_digits);
  at += num_digits;

  if (*at == 'i') {
    StoreNumber(rows, field, DataType::kInt64, negative ? uint64_t{0} - whole : whole);
    return at + 1;
  }
  auto number = static_cast<double>(whole);
  if (*at == '.') {
    const uint64_t decimals = LoadWord(at + 1);
    const unsigned num_decimals = NumLeadingDigits(decimals);
    if (num_decimals == 0) return TakeUnusualValue(rows, field, begin);
    // At most 15 digits and a power of ten up to 10^15 are exact doubles, so that their quotient is
    // rounded once, as it must be. Source: W. Clinger, "How to read floating point numbers
    // accurately", PLDI 1990.
    const uint64_t digits =
        whole * kPowersOfTen[num_decimals] + DigitsValue(decimals, num_decimals);
    number = static_cast<double>(digits) / kDoublePowersOfTen[num_decimals];
    at += 1 + num_decimals;
  }
  if (!IsDelimiter(*at)) return TakeUnusualValue(rows, field, begin);
  StoreNumber(rows, field, DataType::kFloat64,
              std::bit_cast<uint64_t>(negative ? -number : number));
  return at;
}

// Long numbers, exponents, unsigned integers, booleans and strings.
const char* PredictedFields::TakeUnusualValue(TableBuilder& rows, const FieldPattern& field,
                                              const char* begin) {
  if (*begin == '"') return TakeString(rows, field, begin + 1);
  const char* at = begin;
  while (at < end_ && !IsDelimiter(*at))
    ++at;
  FieldValue value;
  const std::string_view text(begin, static_cast<size_t>(at - begin));
  if (!ParseFieldValue(text, value).empty()) return nullptr;
  StoreNumber(rows, field, value.type, value.bits);
  return at;
}

const char* PredictedFields::TakeString(TableBuilder& rows, const FieldPattern& field,
                                        const char* begin) {
  const auto offset = static_cast<size_t>(begin - body_.data());
  const size_t quote = FindClosingQuote(body_, offset);
  if (quote == std::string_view::npos || quote - offset > max_line_bytes_ / 2) return nullptr;
  std::string_view text = body_.substr(offset, quote - offset);
  if (!IsUtf8(text)) return nullptr;
  if (text.find('\\') != std::string_view::npos) text = rows.Keep(Unescape(text, kStringEscapes));
  rows.StoreString(ColumnOf(rows, field, DataType::kString), text);
  return body_.data() + quote + 1;
}

// The first eight characters, the next or the last ones, and the last ones.
bool PredictedFields::TimeText::Matches(const char* at) const {
  const size_t last = size - kMinBytes;
  return ((LoadWord(at) ^ words[0]) | (LoadWord(at + std::min(last, kMinBytes)) ^ words[1]) |
          (LoadWord(at + last) ^ words[2])) == 0;
}

// Reads the time at `at`; returns its end, or nullptr for anything that needs a second look.
const char* PredictedFields::TakeTime(const char* at, int64_t& time_ns) {
  if (end_ - at < kTimeSlackBytes) return nullptr;
  if (last_time_.size != 0 && last_time_.Matches(at) && at[last_time_.size] <= ' ') {
    time_ns = last_time_.time_ns;
    return at + last_time_.size;
  }
  const char* const time_end = ParseTime(at, time_ns);
  const size_t size = time_end == nullptr ? 0 : static_cast<size_t>(time_end - at);
  if (size < TimeText::kMinBytes || size > TimeText::kMaxBytes) return time_end;
  const size_t last = size - TimeText::kMinBytes;
  last_time_ = {.size = size,
                .words = {LoadWord(at), LoadWord(at + std::min(last, TimeText::kMinBytes)),
                          LoadWord(at + last)},
                .time_ns = time_ns};
  return time_end;
}

const char* PredictedFields::ParseTime(const char* at, int64_t& time_ns) {
  const bool negative = *at == '-';
  at += negative ? 1 : 0;
  uint64_t time = 0;
  unsigned num_digits = 0;
  for (unsigned count = 8; count == 8; num_digits += count) {
    const uint64_t word = LoadWord(at);
    count = NumLeadingDigits(word);
    if (count == 0) break;
    if (num_digits + count > 19) return nullptr;
    time = time * kPowersOfTen[count] + DigitsValue(word, count);
    at += count;
  }
  if (num_digits == 0 || time > static_cast<uint64_t>(kMaxTimeNs)) return nullptr;
  const auto stated = negative ? -static_cast<int64_t>(time) : static_cast<int64_t>(time);
  return ToNanoseconds(stated, unit_ns_, time_ns) ? at : nullptr;
}

}  // namespace stria::ingest
