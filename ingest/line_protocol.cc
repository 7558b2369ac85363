#include "ingest/line_protocol.h"

#include <algorithm>
#include <functional>
#include <limits>

#include <fmt/core.h>

#include "ingest/body_series.h"
#include "ingest/field_pattern.h"
#include "ingest/line_parser.h"
#include "ingest/line_pattern.h"
#include "ingest/predicted_fields.h"
#include "ingest/series_text.h"
#include "ingest/table_builder.h"
#include "ingest/texts_ahead.h"
#include "storage/base/errors.h"
#include "storage/types/time_range.h"

namespace stria::ingest {
namespace {

constexpr uint32_t kNone = BodySeries::kNone;
constexpr int kMaxUnbalancedScans = 4;  // Each may read to the end of the body.

struct Table {
  Table(std::string_view name, uint64_t seed)
      : rows(name, seed), series_by_key(0, TextHash{seed}) {}

  TableBuilder rows;
  LinePattern pattern;  // Empty: nothing is predicted.
  TagOrder tag_order;   // Of the plain texts.
  // Plain texts that name the same tags in the same order are as distinct as their keys. Only with
  // other texts two may have one key, and only then keys are looked up.
  bool has_equal_keys = false;
  TextMap<uint32_t> series_by_key;
};

class Decoder {
 public:
  Decoder(std::string_view body, const DecodeOptions& options)
      : options_(options),
        body_(body),
        end_(body.data() + body.size()),
        unit_ns_(NanosecondsPer(options.precision)),
        max_decoded_bytes_(options.max_decoded_bytes + 8 * body.size()),
        seed_(reinterpret_cast<uintptr_t>(this)),
        default_time_ns_(FloorTo(options.default_time_ns, unit_ns_)),
        predicted_fields_(body, unit_ns_, default_time_ns_, options.max_line_bytes),
        texts_ahead_(body, series_, options.known, seed_),
        table_by_name_(0, TextHash{seed_}) {}

  DecodedBody Decode() && {
    if (body_.size() >= std::numeric_limits<uint32_t>::max()) {
      return RefuseAll(ResourceExhausted("body of {} bytes; 4 GiB is the most", body_.size()));
    }
    size_t offset = 0;
    while (offset < body_.size()) {
      offset = TakePredicted(offset) ? next_offset_ : TakeAny(offset);
      if (decoded_bytes_ > max_decoded_bytes_) return TooSparse();
    }
    return Finish();
  }

 private:
  // --- The short cut -----------------------------------------------------------------------------

  // Takes the line at `offset` if its series is known and its fields are. Otherwise leaves no
  // trace.
  bool TakePredicted(size_t offset) {
    const char* const line = body_.data() + offset;
    text_is_new_ = false;
    if (const uint32_t series = series_.Predict(line, end_); series != kNone) {
      return TakeKnown(series_[series].table, offset, series_[series].text.size(),
                       [&] { return series; });
    }
    text_ = texts_ahead_.At(offset);
    const auto [begin, size, hash] = text_;
    if (size == 0) return false;
    const std::string_view text(line, size);
    if (const uint32_t series = series_.Find(text, hash); series != kNone) {
      return TakeKnown(series_[series].table, offset, size, [&] { return series; });
    }
    const storage::SeriesPlace* const place = FindPlace(text, hash);
    text_is_new_ = place == nullptr;
    if (text_is_new_) return false;
    const uint32_t table = TableOf(*place, text);
    return table != kNone &&
           TakeKnown(table, offset, size, [&] { return AddKnown(table, *place, text, hash); });
  }

  template <typename Series>
  bool TakeKnown(uint32_t table_index, size_t offset, size_t text_size, Series&& series) {
    Table& table = tables_[table_index];
    if (table.pattern.empty()) return false;
    if (table.rows.full()) Grow(table, offset);
    int64_t time_ns = 0;
    if (!TakeRest(table, offset, offset + text_size + 1, time_ns)) return false;
    Commit(series(), time_ns, offset);
    return true;
  }

  // Stores fields and time of the line at `begin`, after which next_offset_ points then. Otherwise
  // leaves no trace and returns false.
  bool TakeRest(Table& table, size_t begin, size_t fields_offset, int64_t& time_ns) {
    const uint64_t bytes_before = table.rows.allocated_bytes();
    next_offset_ = predicted_fields_.Take(table.rows, table.pattern, begin, fields_offset, time_ns);
    decoded_bytes_ += table.rows.allocated_bytes() - bytes_before;
    return next_offset_ != PredictedFields::kNotTaken;
  }

  const storage::SeriesPlace* FindPlace(std::string_view text, uint64_t hash) const {
    return options_.known == nullptr ? nullptr : options_.known->Find(hash, text);
  }

  // The index of the table of a series that other bodies made known; kNone if the table is another
  // one by now.
  uint32_t TableOf(const storage::SeriesPlace& place, std::string_view text) {
    const uint32_t id = place.table.value();
    if (last_place_ != kNone && last_place_id_ == id) return last_place_;
    if (!ParseSeries(body_, static_cast<size_t>(text.data() - body_.data()), line_).empty()) {
      return kNone;
    }
    TableId current;
    if (!options_.known->TableOf(line_.measurement, current) || current != place.table) {
      return kNone;
    }
    last_place_ = FindTable(line_.measurement);
    last_place_id_ = id;
    tables_[last_place_].rows.SetKnownTable(place.table);
    return last_place_;
  }

  uint32_t AddKnown(uint32_t table, const storage::SeriesPlace& place, std::string_view text,
                    uint64_t hash) {
    const uint32_t series = tables_[table].rows.AddKnownSeries(place.shard, place.id);
    decoded_bytes_ += sizeof(BatchSeries) + sizeof(BodySeries::Entry);
    return series_.Add({.text = text, .hash = hash, .table = table, .series = series});
  }

  // --- Any line ----------------------------------------------------------------------------------

  // Takes or refuses the line at `offset`, or skips it if it says nothing; returns where the next
  // one begins.
  size_t TakeAny(size_t offset) {
    const size_t begin = SkipSpace(body_, offset);
    if (IsLineEnd(body_, begin) || body_[begin] == '#') return AfterLineEnd(body_, begin);

    uint32_t table_index = kNone;
    const bool is_plain = TakePlainSeries(begin, table_index);
    std::string reason;
    if (!is_plain) {
      reason = ParseSeries(body_, begin, line_);
      if (!reason.empty()) return Refuse(begin, std::move(reason));
      table_index = FindTable(line_.measurement);
    }
    // Only the series may be new; its fields often are what they were.
    const size_t fields_offset = begin + line_.series_text.size();
    Table& table = tables_[table_index];
    if (table.rows.full()) Grow(table, begin);
    int64_t time_ns = default_time_ns_;
    if (!table.pattern.empty() && TakeRest(table, begin, fields_offset + 1, time_ns)) {
      Commit(FindOrAddSeries(table_index, is_plain), time_ns, begin);
      return next_offset_;
    }

    time_ns = default_time_ns_;
    reason = ParseFieldsAndTime(body_, fields_offset, line_);
    if (reason.empty() && line_.time && !ToNanoseconds(*line_.time, unit_ns_, time_ns)) {
      reason = OutOfRange(*line_.time);
    }
    if (reason.empty() && line_.end - begin > options_.max_line_bytes) {
      reason = fmt::format("line of {} bytes; {} is the most", line_.end - begin,
                           options_.max_line_bytes);
    }
    if (!reason.empty()) return Refuse(begin, std::move(reason));
    StoreFields(table);
    Commit(FindOrAddSeries(table_index, is_plain), time_ns, begin);
    return line_.end;
  }

  // Takes the text of the series at `begin` apart if it is plain: its tags, in the order of the
  // table, are in plain_ then. Otherwise the grammar must look at it.
  bool TakePlainSeries(size_t begin, uint32_t& table_index) {
    const size_t size =
        text_.offset == begin ? text_.size : SeriesTextSize(body_.data() + begin, end_);
    if (size == 0) return false;
    line_.series_text = body_.substr(begin, size);
    if (!SplitPlainSeries(line_.series_text, plain_)) return false;
    table_index = FindTable(plain_.measurement);
    Table& table = tables_[table_index];
    if (table.tag_order.Matches(plain_.tags)) return true;
    if (!table.tag_order.Learn(plain_.tags)) return false;
    if (table.rows.num_series() != 0) LookUpKeys(table);
    return true;
  }

  void StoreFields(Table& table) {
    const uint64_t bytes_before = table.rows.allocated_bytes();
    bool is_predictable = line_.fields.size() <= LinePattern::kMaxFields;
    bool as_expected = true;
    names_.clear();
    for (const LineField& field : line_.fields) {
      const uint32_t name = table.rows.FindName(field.name);
      if (table.rows.MarkWritten(name)) {
        table.rows.Erase(name);
        is_predictable = false;  // The short cut would not notice the second of two equal names.
      }
      // Such a character is part of the name after a comma, but skipped before the first name.
      if (SkipSpace(field.key_text, 0) != 0) is_predictable = false;
      const uint32_t column = table.rows.FindColumn(name, field.type);
      if (field.type == DataType::kString) {
        table.rows.StoreString(column,
                               IsInBody(field.text) ? field.text : table.rows.Keep(field.text));
      } else {
        table.rows.Store(column, field.bits);
      }
      const uint32_t expected = as_expected ? table.pattern.Find(field.key_text) : kNone;
      as_expected = expected != kNone && table.pattern[expected].type() == field.type;
      names_.push_back(name);
    }
    if (!is_predictable) {
      table.pattern.Clear();
    } else if (!as_expected) {
      ReplacePattern(table);
    }
    decoded_bytes_ += table.rows.allocated_bytes() - bytes_before;
  }

  // The fields of this line come first, those that other lines had stay expected after them.
  void ReplacePattern(Table& table) const {
    std::vector<FieldPattern> pattern;
    std::vector<bool> known;
    for (size_t i = 0; i < names_.size(); ++i) {
      const LineField& field = line_.fields[i];
      const uint32_t column = table.rows.FindColumn(names_[i], field.type);
      pattern.emplace_back(field.key_text, names_[i], field.type, column);
      known.resize(std::max<size_t>(known.size(), names_[i] + 1));
      known[names_[i]] = true;
    }
    for (FieldPattern& old : table.pattern.TakeFields()) {
      if (pattern.size() >= LinePattern::kMaxFields) break;
      const bool listed = old.name() < known.size() && known[old.name()];
      if (!listed) pattern.push_back(std::move(old));
    }
    table.pattern.Assign(std::move(pattern));
  }

  uint32_t FindTable(std::string_view name) {
    if (last_table_ != kNone && tables_[last_table_].rows.table() == name) return last_table_;
    const auto found = table_by_name_.find(name);
    if (found != table_by_name_.end()) return last_table_ = found->second;
    const auto index = static_cast<uint32_t>(tables_.size());
    tables_.emplace_back(name, seed_);
    table_by_name_.emplace(std::string(name), index);
    decoded_bytes_ += sizeof(Table) + name.size();
    return last_table_ = index;
  }

  // The index of the line's series text; the same series may have several texts.
  uint32_t FindOrAddSeries(uint32_t table_index, bool is_plain) {
    const std::string_view text = line_.series_text;
    const bool has_hash = text.data() == body_.data() + text_.offset && text.size() == text_.size;
    const uint64_t hash = has_hash ? text_.hash : texts_ahead_.Hash(text);
    if (!has_hash || !text_is_new_) {
      if (const uint32_t found = series_.Find(text, hash); found != kNone) return found;
      if (const auto* const place = FindPlace(text, hash);
          place != nullptr && TableOf(*place, text) == table_index) {
        return AddKnown(table_index, *place, text, hash);
      }
    }
    Table& table = tables_[table_index];
    if (!is_plain) LookUpKeys(table);
    std::string key = is_plain ? table.tag_order.KeyOf(plain_.tags) : std::move(line_.series_key);
    uint32_t series = kNone;
    if (table.has_equal_keys) {
      const auto found = table.series_by_key.find(std::string_view(key));
      if (found != table.series_by_key.end()) series = found->second;
    }
    if (series == kNone) {
      decoded_bytes_ += key.size() + sizeof(BatchSeries) + sizeof(BodySeries::Entry);
      if (table.has_equal_keys) {
        decoded_bytes_ += key.size();
        table.series_by_key.emplace(key, static_cast<uint32_t>(table.rows.num_series()));
      }
      series = table.rows.AddSeries(std::move(key), text, hash);
    }
    return series_.Add({.text = text, .hash = hash, .table = table_index, .series = series});
  }

  // From now on two texts of the table may have the same key.
  void LookUpKeys(Table& table) {
    if (table.has_equal_keys) return;
    table.has_equal_keys = true;
    for (uint32_t i = 0; i < table.rows.num_series(); ++i) {
      const BatchSeries& series = table.rows.series(i);
      if (!series.is_known()) table.series_by_key.emplace(series.key, i);
    }
  }

  bool IsInBody(std::string_view text) const {
    const std::less_equal<const char*> before;
    return before(body_.data(), text.data()) && before(text.data(), end_);
  }

  // Counts the line as refused and returns where the next one begins. The line's strings are
  // skipped with their line ends, so that nothing in a string is ever taken for a line; but a quote
  // that is never closed must not swallow the lines after it.
  size_t Refuse(size_t begin, std::string reason) {
    size_t end = begin;
    const bool balanced = num_unbalanced_ < kMaxUnbalancedScans && FindQuotedLineEnd(begin, end);
    if (!balanced) end = std::min(body_.find('\n', begin), body_.size());
    const size_t next = std::min(end + 1, body_.size());
    if (end > begin && body_[end - 1] == '\r') --end;

    ++num_errors_;
    if (errors_.size() < options_.max_errors) {
      const auto passed = body_.substr(counted_offset_, begin - counted_offset_);
      line_number_ += static_cast<uint64_t>(std::ranges::count(passed, '\n'));
      counted_offset_ = begin;
      errors_.push_back({.line_number = line_number_,
                         .line_offset = static_cast<uint32_t>(begin),
                         .line_bytes = static_cast<uint32_t>(end - begin),
                         .reason = std::move(reason)});
    }
    return next;
  }

  // The first line end from `begin` on that lies in no string; false if a string does not end.
  bool FindQuotedLineEnd(size_t begin, size_t& end) {
    bool in_fields = false;
    for (end = begin; end < body_.size() && body_[end] != '\n'; ++end) {
      if (body_[end] == '\\' && end + 1 < body_.size() && body_[end + 1] != '\n') {
        ++end;
      } else if (body_[end] == ' ') {
        in_fields = true;
      } else if (in_fields && body_[end] == '"' && body_[end - 1] == '=') {
        end = FindClosingQuote(body_, end + 1);
        if (end == std::string_view::npos) {
          ++num_unbalanced_;
          return false;
        }
      }
    }
    return true;
  }

  // --- Both --------------------------------------------------------------------------------------

  void Grow(Table& table, size_t offset) {
    const uint64_t bytes_before = table.rows.allocated_bytes();
    // As many rows in the rest of the body as in what was read, and some more.
    const double whole = static_cast<double>(body_.size()) / static_cast<double>(offset + 1);
    const auto expected = static_cast<double>(table.rows.num_rows()) * whole * 1.02;
    table.rows.Grow(static_cast<size_t>(expected) + 8);
    decoded_bytes_ += table.rows.allocated_bytes() - bytes_before;
  }

  void Commit(uint32_t series, int64_t time_ns, size_t offset) {
    series_.Follow(series);
    const BodySeries::Entry& text = series_[series];
    tables_[text.table].rows.CommitRow(text.series, time_ns, static_cast<uint32_t>(offset));
    ++num_rows_;
  }

  std::string OutOfRange(int64_t time) const {
    auto reason = fmt::format("time {} as {} is outside range {} - {}", time,
                              PrecisionName(options_.precision), kMinTimeNs, kMaxTimeNs);
    const auto guess = GuessPrecision(time);
    if (guess && *guess != options_.precision) {
      reason += fmt::format("; did you mean precision={}?", PrecisionName(*guess));
    }
    return reason;
  }

  // Times that lie in 1970 and would be recent in another unit. They are taken all the same: 1970
  // is a valid year.
  std::string WarnOfUnit(const RowBatch& batch) const {
    constexpr int64_t kYearNs = 365LL * 24 * 3600 * 1'000'000'000;
    const int64_t time_ns = batch.times.front();
    if (time_ns < 0 || time_ns >= kYearNs) return {};
    const auto guess = GuessPrecision(time_ns / unit_ns_);
    if (!guess || *guess == options_.precision) return {};
    return fmt::format("time {} lies in 1970 as {}; did you mean precision={}?", time_ns / unit_ns_,
                       PrecisionName(options_.precision), PrecisionName(*guess));
  }

  static DecodedBody RefuseAll(Status status) {
    DecodedBody decoded;
    decoded.status = std::move(status);
    return decoded;
  }

  DecodedBody TooSparse() const {
    size_t num_columns = 0;
    for (const Table& table : tables_)
      num_columns = std::max(num_columns, table.rows.num_columns());
    return RefuseAll(ResourceExhausted(
        "the body needs over {} MiB when decoded: {} rows in tables of up to {} columns, most of "
        "them empty. Send smaller bodies",
        max_decoded_bytes_ >> 20, num_rows_, num_columns));
  }

  DecodedBody Finish() {
    DecodedBody decoded;
    for (Table& table : tables_) {
      if (table.rows.num_rows() == 0) continue;
      decoded.batches.push_back(std::move(table.rows).Finish());
      if (decoded.warning.empty()) decoded.warning = WarnOfUnit(decoded.batches.back());
    }
    decoded.num_rows = num_rows_;
    decoded.errors = std::move(errors_);
    decoded.num_errors = num_errors_;
    return decoded;
  }

  const DecodeOptions& options_;
  const std::string_view body_;
  const char* const end_;
  const int64_t unit_ns_;
  const uint64_t max_decoded_bytes_;
  const uint64_t seed_;
  const int64_t default_time_ns_;

  PredictedFields predicted_fields_;
  BodySeries series_;
  TextsAhead texts_ahead_;
  std::vector<Table> tables_;
  TextMap<uint32_t> table_by_name_;
  uint64_t num_rows_ = 0;
  uint64_t decoded_bytes_ = 0;
  size_t next_offset_ = 0;
  ParsedLine line_;
  PlainSeries plain_;
  TextsAhead::Text text_{
      .offset = SIZE_MAX, .size = 0, .hash = 0};  // The last that was looked for.
  bool text_is_new_ = false;                      // It was not found.
  uint32_t last_table_ = kNone;
  uint32_t last_place_ = kNone;  // The table of last_place_id_.
  uint32_t last_place_id_ = 0;
  std::vector<uint32_t> names_;  // Of line_.fields.

  std::vector<LineError> errors_;
  uint64_t num_errors_ = 0;
  uint64_t line_number_ = 1;
  size_t counted_offset_ = 0;
  int num_unbalanced_ = 0;
};

}  // namespace

DecodedBody DecodeLineProtocol(std::string_view body, const DecodeOptions& options) {
  return Decoder(body, options).Decode();
}

}  // namespace stria::ingest
