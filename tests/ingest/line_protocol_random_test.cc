// The decoder against the reference on random bodies: well-formed ones that hit its predictions and
// break them, and mutations of those.

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ingest/line_protocol.h"
#include "tests/ingest/decoded_rows.h"
#include "tests/ingest/reference_line_protocol.h"

namespace stria::ingest {
namespace {

uint64_t Seed() {
  const char* text = std::getenv("STRIA_TEST_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device()();
  std::cout << "STRIA_TEST_SEED=" << seed << "\n";
  return seed;
}

class BodyMaker {
 public:
  explicit BodyMaker(uint64_t seed) : random_(seed) {}

  size_t Below(size_t bound) { return random_() % bound; }
  bool OneIn(size_t n) { return Below(n) == 0; }

  // Rows of a few series in a cycle, as a fleet sends them, with all sorts of exceptions.
  std::string Body() {
    std::vector<std::string> series, keys;
    for (size_t i = 0, n = 1 + Below(6); i < n; ++i)
      series.push_back(SeriesText());
    for (size_t i = 0, n = 1 + Below(8); i < n; ++i)
      keys.push_back(Text(",= ", 14) + (OneIn(4) ? std::string(12, 'k') : ""));
    std::vector<size_t> kinds(keys.size());
    for (size_t& kind : kinds)
      kind = Below(7);

    std::string body;
    for (size_t line = 0, n = Below(60); line < n; ++line) {
      if (OneIn(15)) body += OneIn(2) ? "# comment, with=things 1\n" : " \t\r\n";
      if (OneIn(20)) series[Below(series.size())] = SeriesText();
      body += OneIn(8) ? series[Below(series.size())] : series[line % series.size()];
      body += OneIn(20) ? "  " : " ";
      bool first = true;
      for (size_t i = 0; i < keys.size(); ++i) {
        if (OneIn(12)) continue;
        if (!first) body += ',';
        first = false;
        body += OneIn(30) ? keys[Below(keys.size())] : keys[i];
        body += '=' + Value(OneIn(25) ? Below(7) : kinds[i]);
      }
      if (!OneIn(8)) body += ' ' + Time();
      if (OneIn(20)) body += ' ';
      body += OneIn(10) ? "\r\n" : "\n";
    }
    if (OneIn(3) && !body.empty()) body.pop_back();
    return body;
  }

  std::string Mutated(std::string body) {
    static constexpr std::string_view kInteresting = ",= \"\\\n\r#0i.-e\tut\x80\xc3\0";
    for (size_t i = 0, n = 1 + Below(6); i < n && !body.empty(); ++i) {
      const size_t at = Below(body.size());
      const char c =
          OneIn(4) ? static_cast<char>(Below(256)) : kInteresting[Below(kInteresting.size())];
      switch (Below(4)) {
        case 0: body[at] = c; break;
        case 1: body.insert(at, 1, c); break;
        case 2: body.erase(at, 1 + Below(5)); break;
        default: body.insert(Below(body.size()), body.substr(at, Below(30))); break;
      }
    }
    return body;
  }

 private:
  // Text with some characters that need an escape, and have it.
  std::string Text(std::string_view special, size_t max_size) {
    std::string text;
    for (size_t i = 0, n = 1 + Below(max_size); i < n; ++i) {
      if (OneIn(15)) {
        text += '\\';
        text += special[Below(special.size())];
      } else if (OneIn(40)) {
        text += OneIn(2) ? "é" : "日";
      } else if (OneIn(60)) {
        text += "\\x";
      } else {
        text += static_cast<char>('a' + Below(26));
      }
    }
    return text;
  }

  std::string SeriesText() {
    std::string text = Text(", ", OneIn(3) ? 1 : 8);
    for (size_t i = 0, n = Below(4); i < n; ++i)
      text += ',' + Text(",= ", 3) + '=' + Text(",= ", 10);
    return text;
  }

  std::string Digits(size_t max_count) {
    std::string digits;
    for (size_t i = 0, n = 1 + Below(max_count); i < n; ++i)
      digits += static_cast<char>('0' + Below(10));
    return digits;
  }

  std::string Value(size_t kind) {
    const std::string sign = OneIn(4) ? "-" : "";
    switch (kind) {
      case 0: return sign + Digits(OneIn(5) ? 20 : 7) + "i";
      case 1: return sign + Digits(OneIn(5) ? 18 : 7) + "." + Digits(OneIn(5) ? 18 : 8);
      case 2: return sign + Digits(9) + (OneIn(3) ? "e-" + Digits(2) : "");
      case 3: return Digits(OneIn(5) ? 21 : 8) + "u";
      case 4: return OneIn(2) ? "true" : "F";
      case 5: return '"' + Text("\"\\", 20) + (OneIn(10) ? "\nnext line" : "") + '"';
      default: return OneIn(10) ? "nan" : "." + Digits(3);
    }
  }

  std::string Time() {
    if (OneIn(10)) return "-" + Digits(19);
    if (OneIn(5)) return Digits(20);
    return std::to_string(1'700'000'000'000'000'000 + static_cast<int64_t>(Below(1'000'000)));
  }

  std::mt19937_64 random_;
};

void Compare(const std::string& body, Precision precision) {
  constexpr int64_t kDefaultTime = 1'234'567'890'123;
  // A copy of the exact size, so that the address sanitizer sees any read past its end.
  const std::vector<char> exact(body.begin(), body.end());
  const std::string_view text(exact.data(), exact.size());
  const auto decoded = DecodeLineProtocol(
      text, {.precision = precision, .default_time_ns = kDefaultTime, .max_errors = 1'000'000});
  const auto expected = DecodeByCharacters(body, NanosecondsPer(precision), kDefaultTime);
  ASSERT_TRUE(decoded.status.ok());
  const auto rows = RowsOf(decoded);
  std::vector<size_t> bad_offsets;
  for (const auto& error : decoded.errors)
    bad_offsets.push_back(error.line_offset);
  ASSERT_EQ(bad_offsets, expected.bad_offsets) << body;
  ASSERT_EQ(rows.size(), expected.rows.size()) << body;
  for (size_t i = 0; i < rows.size(); ++i) {
    ASSERT_TRUE(rows[i] == expected.rows[i])
        << "line at " << rows[i].offset << ": " << body.substr(rows[i].offset, 300);
  }
}

TEST(LineProtocolRandomTest, GivesTheRowsOfTheReferenceDecoder) {
  BodyMaker maker(Seed());
  for (int i = 0; i < 400; ++i) {
    Compare(maker.Body(), maker.OneIn(4) ? Precision::kMilliseconds : Precision::kNanoseconds);
    if (HasFatalFailure()) return;
  }
}

TEST(LineProtocolRandomTest, RefusesTheLinesThatTheReferenceDecoderRefusesInMutatedBodies) {
  BodyMaker maker(Seed());
  for (int i = 0; i < 1'200; ++i) {
    Compare(maker.Mutated(maker.Body()), Precision::kNanoseconds);
    if (HasFatalFailure()) return;
  }
}

TEST(LineProtocolRandomTest, TakesAnyBytes) {
  BodyMaker maker(Seed());
  for (int i = 0; i < 400; ++i) {
    std::string body(maker.Below(400), ' ');
    for (char& c : body)
      c = maker.OneIn(2) ? ",= \"\\\n#a1i"[maker.Below(10)] : static_cast<char>(maker.Below(256));
    Compare(body, Precision::kNanoseconds);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace stria::ingest
