#include "ingest/line_parser.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "ingest/field_value.h"
#include "ingest/utf8.h"
#include "storage/types/schema.h"

namespace stria::ingest {
namespace {

constexpr std::string_view kMeasurementEscapes = ", ";
constexpr std::string_view kTagEscapes = ",= ";
constexpr std::string_view kFieldEscapes = ",= \"";

// Where the parser stands in the body; each Take function moves on and returns "" or a reason.
class LineCursor {
 public:
  LineCursor(std::string_view body, size_t offset, ParsedLine& line)
      : body_(body), at_(offset), line_(line) {}

  std::string TakeSeries() {
    line_.tags.clear();
    line_.unescaped.clear();
    const size_t begin = at_;
    if (At(',')) return "missing measurement";
    line_.measurement = Unescaped(TakeUntil(kMeasurementEscapes), kMeasurementEscapes);
    while (At(',')) {
      ++at_;
      if (auto reason = TakeTag(); !reason.empty()) return reason;
    }
    if (AtLineEnd()) return "missing fields";
    line_.series_text = body_.substr(begin, at_ - begin);
    if (line_.series_text.size() > kMaxSeriesTextBytes) {
      return fmt::format("max key length exceeded: {} > {}", line_.series_text.size(),
                         kMaxSeriesTextBytes);
    }
    if (!IsUtf8(line_.series_text)) return "measurement and tags are not UTF-8";
    auto key = MakeSeriesKey(line_.tags);
    if (!key) return fmt::format("duplicate tags: {}", key.error().message());
    line_.series_key = *std::move(key);
    return {};
  }

  std::string TakeFieldsAndTime() {
    line_.fields.clear();
    line_.time.reset();
    at_ = SkipSpace(body_, at_);
    if (AtLineEnd()) return "missing fields";
    if (auto reason = TakeFields(); !reason.empty()) return reason;
    at_ = SkipSpace(body_, at_);
    if (auto reason = TakeTime(); !reason.empty()) return reason;
    line_.end = AfterLineEnd(body_, at_);
    return {};
  }

 private:
  bool AtLineEnd() const { return IsLineEnd(body_, at_); }
  bool At(char c) const { return at_ < body_.size() && body_[at_] == c; }

  // The text up to the first of `stops`, which the cursor then stands at.
  std::string_view TakeUntil(std::string_view stops) {
    const size_t begin = at_;
    at_ = FindUnescaped(body_, at_, stops);
    return body_.substr(begin, at_ - begin);
  }

  std::string_view Unescaped(std::string_view text, std::string_view escapable) {
    if (text.find('\\') == std::string_view::npos) return text;
    return line_.unescaped.emplace_back(Unescape(text, escapable));
  }

  std::string TakeTag() {
    const std::string_view key = TakeUntil(kTagEscapes);
    if (key.empty()) return "missing tag key";
    if (!At('=')) return "missing tag value";
    ++at_;
    const std::string_view value = TakeUntil(kTagEscapes);
    if (At('=')) return "invalid tag format";
    if (value.empty()) return "missing tag value";
    const std::string_view name = Unescaped(key, kTagEscapes);
    if (name == kTimeColumnName) {
      return "invalid tag key: \"time\" is the timestamp, which ends the line; give the tag "
             "another "
             "name";
    }
    line_.tags.emplace_back(name, Unescaped(value, kTagEscapes));
    return {};
  }

  std::string TakeFields() {
    while (true) {
      if (auto reason = TakeField(); !reason.empty()) return reason;
      if (!At(',')) return {};
      ++at_;
    }
  }

  std::string TakeField() {
    const std::string_view key = TakeUntil(kTagEscapes);
    if (!At('=')) return "invalid field format";
    if (key.empty()) return "missing field key";
    ++at_;
    LineField field;
    field.key_text = key;
    field.name = Unescaped(key, kFieldEscapes);
    if (field.name == kTimeColumnName) {
      return "invalid field name: \"time\" is the timestamp, which ends the line; give the field "
             "another name";
    }
    if (!IsUtf8(field.name)) return "field key is not UTF-8";
    auto reason = At('"') ? TakeString(field) : TakeScalar(field);
    if (reason.empty()) line_.fields.push_back(field);
    return reason;
  }

  std::string TakeScalar(LineField& field) {
    FieldValue value;
    const std::string_view text = TakeUntil(", ");
    if (auto reason = ParseFieldValue(text, value); !reason.empty()) return reason;
    field.type = value.type;
    field.bits = value.bits;
    return {};
  }

  std::string TakeString(LineField& field) {
    const size_t begin = at_ + 1;
    const size_t end = FindClosingQuote(body_, begin);
    if (end == std::string_view::npos) return "unbalanced quotes";
    const std::string_view text = body_.substr(begin, end - begin);
    at_ = end + 1;
    if (!At(',') && !At(' ') && !AtLineEnd()) return "invalid field format";
    if (!IsUtf8(text)) return fmt::format("string of field \"{}\" is not UTF-8", field.name);
    field.type = DataType::kString;
    field.text = Unescaped(text, kStringEscapes);
    return {};
  }

  std::string TakeTime() {
    if (AtLineEnd()) return {};
    const std::string_view text = TakeUntil(" ");
    int64_t time = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
    if (error == std::errc::result_out_of_range) {
      return fmt::format("bad timestamp: {} is outside the range of 64-bit integers",
                         text.substr(0, 64));
    }
    if (error != std::errc() || end != text.data() + text.size()) return "bad timestamp";
    line_.time = time;
    at_ = SkipSpace(body_, at_);
    if (!AtLineEnd()) return "unexpected text after the timestamp";
    return {};
  }

  std::string_view body_;
  size_t at_;
  ParsedLine& line_;
};

}  // namespace

std::string ParseSeries(std::string_view body, size_t offset, ParsedLine& line) {
  return LineCursor(body, offset, line).TakeSeries();
}

std::string ParseFieldsAndTime(std::string_view body, size_t offset, ParsedLine& line) {
  return LineCursor(body, offset, line).TakeFieldsAndTime();
}

size_t SkipSpace(std::string_view body, size_t offset) {
  while (offset < body.size() &&
         (body[offset] == ' ' || body[offset] == '\t' || body[offset] == '\0')) {
    ++offset;
  }
  return offset;
}

bool IsLineEnd(std::string_view body, size_t offset) {
  if (offset >= body.size() || body[offset] == '\n') return true;
  return body[offset] == '\r' && (offset + 1 == body.size() || body[offset + 1] == '\n');
}

size_t AfterLineEnd(std::string_view body, size_t offset) {
  const size_t newline = body.find('\n', offset);
  return newline == std::string_view::npos ? body.size() : newline + 1;
}

size_t FindUnescaped(std::string_view body, size_t offset, std::string_view stops) {
  // All that can stop are below letters, which are passed by one comparison.
  constexpr char kGreatestStop = '=';
  const size_t begin = offset;
  for (; offset < body.size(); ++offset) {
    const char c = body[offset];
    if (c > kGreatestStop) continue;
    if (IsLineEnd(body, offset)) break;
    const bool escaped = offset > begin && body[offset - 1] == '\\';
    if (!escaped && std::ranges::any_of(stops, [c](char stop) { return stop == c; })) break;
  }
  return offset;
}

size_t FindClosingQuote(std::string_view body, size_t offset) {
  while (true) {
    const size_t quote = body.find('"', offset);
    if (quote == std::string_view::npos) return quote;
    // Backslashes pair up from the left: an odd number of them before the quote escapes it.
    size_t num_backslashes = 0;
    while (quote - num_backslashes > offset && body[quote - num_backslashes - 1] == '\\')
      ++num_backslashes;
    if (num_backslashes % 2 == 0) return quote;
    offset = quote + 1;
  }
}

std::string Unescape(std::string_view text, std::string_view escapable) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escapes = text[i] == '\\' && i + 1 < text.size() &&
                         escapable.find(text[i + 1]) != std::string_view::npos;
    if (escapes) ++i;
    plain.push_back(text[i]);
  }
  return plain;
}

}  // namespace stria::ingest
