#include "tests/ingest/reference_line_protocol.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <regex>

#include "storage/base/int128.h"

namespace stria::ingest {
namespace {

// What is wrong does not matter here, only that something is.
struct BadLine {};

class Reader {
 public:
  Reader(std::string_view body, int64_t unit_ns, int64_t default_ns)
      : body_(body), unit_ns_(unit_ns), default_ns_(default_ns) {}

  ReferenceResult Read() {
    ReferenceResult result;
    while (at_ < body_.size()) {
      while (Peek() == ' ' || Peek() == '\t' || (Peek() == '\0' && at_ < body_.size()))
        ++at_;
      if (LineEnds() || Peek() == '#') {
        SkipPastNewline();
        continue;
      }
      const size_t begin = at_;
      try {
        result.rows.push_back(ReadRow());
        result.rows.back().offset = begin;
        SkipPastNewline();
      } catch (const BadLine&) {
        result.bad_offsets.push_back(begin);
        at_ = begin;
        SkipBadLine();
      }
    }
    return result;
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < body_.size() ? body_[at_ + ahead] : '\0';
  }
  bool LineEnds() const {
    if (at_ >= body_.size() || Peek() == '\n') return true;
    return Peek() == '\r' && (at_ + 1 == body_.size() || Peek(1) == '\n');
  }
  void SkipPastNewline() {
    while (at_ < body_.size() && body_[at_] != '\n')
      ++at_;
    ++at_;
  }
  void SkipSpaces() {
    while (at_ < body_.size() && (Peek() == ' ' || Peek() == '\t' || Peek() == '\0'))
      ++at_;
  }

  // Up to an unescaped character of `stops`, with the backslashes of `escapable` removed.
  std::string ReadText(const std::string& stops, const std::string& escapable) {
    std::string raw;
    while (!LineEnds()) {
      const bool escaped = !raw.empty() && raw.back() == '\\';
      if (!escaped && stops.find(Peek()) != std::string::npos) break;
      raw += Peek();
      ++at_;
    }
    std::string text;
    for (size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '\\' && i + 1 < raw.size() && escapable.find(raw[i + 1]) != std::string::npos) {
        ++i;
      }
      text += raw[i];
    }
    return text;
  }

  ReferenceRow ReadRow() {
    ReferenceRow row;
    const size_t begin = at_;
    row.table = ReadText(", ", ", ");
    if (row.table.empty()) throw BadLine();
    while (Peek() == ',') {
      ++at_;
      const auto key = ReadText(",= ", ",= ");
      if (key.empty() || key == "time" || Peek() != '=') throw BadLine();
      ++at_;
      const auto value = ReadText(",= ", ",= ");
      if (value.empty() || Peek() == '=' || row.tags.contains(key)) throw BadLine();
      row.tags[key] = value;
    }
    if (LineEnds() || at_ - begin > 65535) throw BadLine();
    CheckUtf8(std::string(body_.substr(begin, at_ - begin)));
    SkipSpaces();
    while (true) {
      const auto key = ReadText(",= ", ",= \"");
      if (key.empty() || key == "time" || Peek() != '=') throw BadLine();
      CheckUtf8(key);
      ++at_;
      row.fields[key] = Peek() == '"' ? ReferenceValue(ReadString()) : ReadScalar();
      if (Peek() != ',') break;
      ++at_;
    }
    SkipSpaces();
    row.time_ns = ReadTime();
    return row;
  }

  std::string ReadString() {
    std::string text;
    for (++at_; Peek() != '"'; ++at_) {
      if (at_ >= body_.size()) throw BadLine();
      if (Peek() == '\\' && (Peek(1) == '"' || Peek(1) == '\\')) ++at_;
      text += Peek();
    }
    ++at_;
    if (Peek() != ',' && Peek() != ' ' && !LineEnds()) throw BadLine();
    CheckUtf8(text);
    return text;
  }

  ReferenceValue ReadScalar() {
    static const std::regex kInteger("-?[0-9]+i");
    static const std::regex kUnsigned("[0-9]+u");
    static const std::regex kFloat(R"(-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?)");
    static const std::regex kTrue("t|T|true|True|TRUE");
    static const std::regex kFalse("f|F|false|False|FALSE");
    const auto text = ReadText(", ", "");
    errno = 0;
    if (std::regex_match(text, kInteger)) {
      const auto value = std::strtoll(text.c_str(), nullptr, 10);
      if (errno != 0) throw BadLine();
      return int64_t{value};
    }
    if (std::regex_match(text, kUnsigned)) {
      const auto value = std::strtoull(text.c_str(), nullptr, 10);
      if (errno != 0) throw BadLine();
      return ReferenceUnsigned{value};
    }
    if (std::regex_match(text, kFloat)) {
      const double value = std::strtod(text.c_str(), nullptr);
      if (std::isinf(value)) throw BadLine();
      ReferenceFloat number;
      std::memcpy(&number.bits, &value, sizeof(value));
      return number;
    }
    if (std::regex_match(text, kTrue)) return true;
    if (std::regex_match(text, kFalse)) return false;
    throw BadLine();
  }

  int64_t ReadTime() {
    if (LineEnds()) {
      int64_t time = default_ns_;
      while (time % unit_ns_ != 0)
        --time;
      return time;
    }
    const auto text = ReadText(" ", "");
    static const std::regex kTime("-?[0-9]+");
    errno = 0;
    const auto value = std::strtoll(text.c_str(), nullptr, 10);
    SkipSpaces();
    if (!std::regex_match(text, kTime) || errno != 0 || !LineEnds()) throw BadLine();
    const Int128 time = static_cast<Int128>(value) * unit_ns_;
    constexpr Int128 kMost = 9'223'372'036'854'775'806;
    if (time > kMost || time < -kMost) throw BadLine();
    return static_cast<int64_t>(time);
  }

  static void CheckUtf8(const std::string& text) {
    for (size_t i = 0; i < text.size();) {
      const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[i + k]); };
      const size_t length = byte(0) < 0x80   ? 1
                            : byte(0) < 0xC0 ? 0
                            : byte(0) < 0xE0 ? 2
                            : byte(0) < 0xF0 ? 3
                            : byte(0) < 0xF8 ? 4
                                             : 0;
      if (length == 0 || i + length > text.size()) throw BadLine();
      uint32_t code = length == 1 ? byte(0) : byte(0) & (0x7Fu >> length);
      for (size_t k = 1; k < length; ++k) {
        if ((byte(k) & 0xC0) != 0x80) throw BadLine();
        code = (code << 6) | (byte(k) & 0x3Fu);
      }
      constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
      if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
        throw BadLine();
      }
      i += length;
    }
  }

  // To the first newline outside of strings; but if one of those never ends, to the first newline.
  void SkipBadLine() {
    const size_t begin = at_;
    bool in_fields = false;
    bool in_string = false;
    if (num_unbalanced_ < 4) {
      for (; at_ < body_.size() && (in_string || Peek() != '\n'); ++at_) {
        if (Peek() == '\\' && at_ + 1 < body_.size() && (in_string || Peek(1) != '\n')) {
          ++at_;
        } else if (in_string) {
          in_string = Peek() != '"';
        } else if (Peek() == ' ') {
          in_fields = true;
        } else if (in_fields && Peek() == '"' && body_[at_ - 1] == '=') {
          in_string = true;
        }
      }
    }
    if (in_string) ++num_unbalanced_;
    if (in_string || num_unbalanced_ >= 4) at_ = begin;
    SkipPastNewline();
  }

  std::string_view body_;
  int64_t unit_ns_;
  int64_t default_ns_;
  size_t at_ = 0;
  int num_unbalanced_ = 0;
};

}  // namespace

ReferenceResult DecodeByCharacters(std::string_view body, int64_t unit_ns,
                                   int64_t default_time_ns) {
  return Reader(body, unit_ns, default_time_ns).Read();
}

}  // namespace stria::ingest
