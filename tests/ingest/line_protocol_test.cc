#include "ingest/line_protocol.h"

#include <bit>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/decoded_rows.h"

namespace stria::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

ReferenceValue Float(double value) {
  return ReferenceFloat{std::bit_cast<uint64_t>(value)};
}

// The only row of a body that must be good.
ReferenceRow OneRow(std::string_view body, DecodeOptions options = {}) {
  const auto decoded = DecodeLineProtocol(body, options);
  EXPECT_THAT(decoded.errors, IsEmpty()) << decoded.errors.front().reason;
  auto rows = RowsOf(decoded);
  EXPECT_THAT(rows, SizeIs(1));
  return rows.empty() ? ReferenceRow() : rows.front();
}

// Why the only line of a body is refused.
std::string Reason(std::string_view body, DecodeOptions options = {}) {
  const auto decoded = DecodeLineProtocol(body, options);
  EXPECT_EQ(decoded.num_rows, 0U);
  EXPECT_THAT(decoded.batches, IsEmpty());
  EXPECT_THAT(decoded.errors, SizeIs(1));
  return decoded.errors.empty() ? "" : decoded.errors.front().reason;
}

TEST(LineProtocolTest, ReadsMeasurementTagsFieldsAndTime) {
  const auto row = OneRow("cpu,host=a,region=eu usage=1.5,count=3i 1700000000000000000\n");
  EXPECT_EQ(row.table, "cpu");
  EXPECT_THAT(row.tags, UnorderedElementsAre(Pair("host", "a"), Pair("region", "eu")));
  EXPECT_THAT(row.fields, UnorderedElementsAre(Pair("usage", Float(1.5)),
                                               Pair("count", ReferenceValue(int64_t{3}))));
  EXPECT_EQ(row.time_ns, 1'700'000'000'000'000'000);
}

TEST(LineProtocolTest, ReadsEveryTypeOfValue) {
  const auto fields = OneRow(
                          "m a=1,b=-2.5e-3,c=.5,d=7.,e=12i,f=-9223372036854775808i,"
                          "g=18446744073709551615u,h=t,i=FALSE,j=\"text\",k=-0 1")
                          .fields;
  EXPECT_THAT(fields, UnorderedElementsAre(
                          Pair("a", Float(1)), Pair("b", Float(-0.0025)), Pair("c", Float(0.5)),
                          Pair("d", Float(7)), Pair("e", ReferenceValue(int64_t{12})),
                          Pair("f", ReferenceValue(INT64_MIN)),
                          Pair("g", ReferenceValue(ReferenceUnsigned{UINT64_MAX})),
                          Pair("h", ReferenceValue(true)), Pair("i", ReferenceValue(false)),
                          Pair("j", ReferenceValue(std::string("text"))), Pair("k", Float(-0.0))));
}

TEST(LineProtocolTest, ReadsEveryWordForABoolean) {
  for (const std::string word : {"t", "T", "true", "True", "TRUE"}) {
    EXPECT_EQ(OneRow("m f=" + word).fields.at("f"), ReferenceValue(true)) << word;
  }
  for (const std::string word : {"f", "F", "false", "False", "FALSE"}) {
    EXPECT_EQ(OneRow("m f=" + word).fields.at("f"), ReferenceValue(false)) << word;
  }
}

TEST(LineProtocolTest, UnescapesNamesTagValuesAndStrings) {
  const auto row = OneRow(
      R"(wea\,ther\ x,ta\=g\,1=va\=l\ ue,back=c:\dir fi\=eld\,\ 1="say \"hi\" \\ \n c:\d",q\"q=1i 5)");
  EXPECT_EQ(row.table, "wea,ther x");
  EXPECT_THAT(row.tags, UnorderedElementsAre(Pair("ta=g,1", "va=l ue"), Pair("back", R"(c:\dir)")));
  EXPECT_THAT(
      row.fields,
      UnorderedElementsAre(Pair("fi=eld, 1", ReferenceValue(std::string(R"(say "hi" \ \n c:\d)"))),
                           Pair("q\"q", ReferenceValue(int64_t{1}))));
}

TEST(LineProtocolTest, KeepsUnicodeAsItIs) {
  const auto row = OneRow("Wärme,Ort=Zürich,emoji=🌡 Größe=\"日本\" 1");
  EXPECT_EQ(row.table, "Wärme");
  EXPECT_THAT(row.tags, UnorderedElementsAre(Pair("Ort", "Zürich"), Pair("emoji", "🌡")));
  EXPECT_EQ(row.fields.at("Größe"), ReferenceValue(std::string("日本")));
}

TEST(LineProtocolTest, SkipsBlankLinesAndCommentsAndTakesWindowsLineEnds) {
  const auto decoded =
      DecodeLineProtocol("# head\r\n\r\n  \t\nm a=1 1\r\n  m a=2 2\r\n #x\nm a=\"s\"\r\n", {});
  EXPECT_THAT(decoded.errors, IsEmpty());
  const auto rows = RowsOf(decoded);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[1].time_ns, 2);
  EXPECT_EQ(rows[2].fields.at("a"), ReferenceValue(std::string("s")));
}

TEST(LineProtocolTest, TakesNoRowsFromAnEmptyBody) {
  for (const std::string_view body : {"", "\n", "\r\n", "#", " ", "\n\n# only a comment"}) {
    const auto decoded = DecodeLineProtocol(body, {});
    EXPECT_EQ(decoded.num_rows, 0U);
    EXPECT_EQ(decoded.num_errors, 0U);
  }
}

TEST(LineProtocolTest, LetsStringsSpanLines) {
  const auto decoded = DecodeLineProtocol("m s=\"one\ntwo,x=1\n\" 5\nm s=\"b\" 6\n", {});
  const auto rows = RowsOf(decoded);
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].fields.at("s"), ReferenceValue(std::string("one\ntwo,x=1\n")));
  EXPECT_EQ(rows[1].time_ns, 6);
}

TEST(LineProtocolTest, GivesLinesWithoutATimeTheDefaultCutToThePrecision) {
  EXPECT_EQ(OneRow("m a=1", {.default_time_ns = 1'234'567'891}).time_ns, 1'234'567'891);
  EXPECT_EQ(
      OneRow("m a=1  \n", {.precision = Precision::kMilliseconds, .default_time_ns = 1'234'567'891})
          .time_ns,
      1'234'000'000);
  EXPECT_EQ(OneRow("m a=1", {.precision = Precision::kSeconds, .default_time_ns = -1}).time_ns,
            -1'000'000'000);
}

TEST(LineProtocolTest, ScalesTimesByThePrecision) {
  EXPECT_EQ(OneRow("m a=1 -7", {.precision = Precision::kHours}).time_ns, -25'200'000'000'000);
  EXPECT_EQ(OneRow("m a=1 2", {.precision = Precision::kMinutes}).time_ns, 120'000'000'000);
  EXPECT_EQ(OneRow("m a=1 2", {.precision = Precision::kMicroseconds}).time_ns, 2'000);
  EXPECT_EQ(OneRow("m a=1 -9223372036854775806").time_ns, kMinTimeNs);
}

TEST(LineProtocolTest, RefusesTimesOutsideTheRangeAndGuessesTheUnit) {
  EXPECT_THAT(Reason("m a=1 1700000000000000000", {.precision = Precision::kMilliseconds}),
              HasSubstr("did you mean precision=ns?"));
  EXPECT_THAT(Reason("m a=1 9223372036854775807"), HasSubstr("outside range"));
  EXPECT_THAT(Reason("m a=1 99999999999999999999"), HasSubstr("bad timestamp"));
}

TEST(LineProtocolTest, TakesTimesIn1970ButWarnsWhenAnotherUnitIsPlausible) {
  const auto seconds = DecodeLineProtocol("m a=1 1700000000", {});
  EXPECT_EQ(seconds.num_rows, 1U);
  EXPECT_EQ(seconds.warning, "time 1700000000 lies in 1970 as ns; did you mean precision=s?");
  const auto as_ms =
      DecodeLineProtocol("m a=1 1700000000", {.precision = Precision::kMilliseconds});
  EXPECT_EQ(as_ms.warning, "time 1700000000 lies in 1970 as ms; did you mean precision=s?");
  EXPECT_EQ(DecodeLineProtocol("m a=1 5000", {}).warning, "");
  EXPECT_EQ(DecodeLineProtocol("m a=1 1700000000000000000", {}).warning, "");
}

TEST(LineProtocolTest, SaysWhatIsWrongInTheWordsOfInfluxDb) {
  const std::pair<std::string_view, std::string_view> kCases[] = {
      {",host=a f=1", "missing measurement"},
      {"m", "missing fields"},
      {"m,host=a", "missing fields"},
      {"m ", "missing fields"},
      {"m,=a f=1", "missing tag key"},
      {"m,,a=b f=1", "missing tag key"},
      {"m, f=1", "missing tag key"},
      {"m,host f=1", "missing tag value"},
      {"m,host= f=1", "missing tag value"},
      {"m,host=,b=c f=1", "missing tag value"},
      {"m,host=a=b f=1", "invalid tag format"},
      {"m f", "invalid field format"},
      {"m f=1,", "invalid field format"},
      {"m f=1,g", "invalid field format"},
      {"m =1", "missing field key"},
      {"m f=1,=2", "missing field key"},
      {"m f=", "missing field value"},
      {"m f=,g=1", "missing field value"},
      {"m f= 1", "missing field value"},
      {"m f=1x", "invalid number"},
      {"m f=1.5i", "invalid number"},
      {"m f=1ii", "invalid number"},
      {"m f=-", "invalid number"},
      {"m f=.", "invalid number"},
      {"m f=1e", "invalid number"},
      {"m f=+1", "invalid number"},
      {"m f=0x10", "invalid number"},
      {"m f=-1u", "invalid number"},
      {"m f=NaN", "invalid number"},
      {"m f=nan", "invalid number"},
      {"m f=-inf", "invalid number"},
      {"m f=Inf", "invalid boolean"},
      {"m f=tru", "invalid boolean"},
      {"m f=yes", "invalid boolean"},
      {"m f=\"a", "unbalanced quotes"},
      {"m f=\"a\\\"", "unbalanced quotes"},
      {"m f=\"a\"b", "invalid field format"},
      {"m f=1 x", "bad timestamp"},
      {"m f=1 1.5", "bad timestamp"},
      {"m f=1 -", "bad timestamp"},
      {"m f=1 +5", "bad timestamp"},
      {"m f=1 5 6", "unexpected text after the timestamp"},
  };
  for (const auto& [line, reason] : kCases)
    EXPECT_EQ(Reason(line), reason) << line;
}

TEST(LineProtocolTest, RefusesNumbersThatDoNotFit) {
  EXPECT_THAT(Reason("m f=9223372036854775808i"),
              HasSubstr("unable to parse integer 9223372036854775808i"));
  EXPECT_THAT(Reason("m f=18446744073709551616u"), HasSubstr("out of range"));
  EXPECT_THAT(Reason("m f=1e400"), HasSubstr("out of range"));
  EXPECT_EQ(OneRow("m f=1e-400").fields.at("f"), Float(0));
}

TEST(LineProtocolTest, RefusesTheNameTimeWithAHint) {
  EXPECT_THAT(Reason("m time=1"), HasSubstr("give the field another name"));
  EXPECT_THAT(Reason("m,time=x f=1"), HasSubstr("give the tag another name"));
}

TEST(LineProtocolTest, RefusesATagThatIsGivenTwice) {
  EXPECT_THAT(Reason("m,a=1,b=2,a=3 f=1"), HasSubstr("duplicate tag \"a\""));
}

TEST(LineProtocolTest, RefusesTextThatIsNotUtf8) {
  EXPECT_THAT(Reason("m\xff f=1"), HasSubstr("UTF-8"));
  EXPECT_THAT(Reason("m,a=\xc0\x80 f=1"), HasSubstr("UTF-8"));
  EXPECT_THAT(Reason("m f\xed\xa0\x80=1"), HasSubstr("UTF-8"));
  EXPECT_THAT(Reason("m f=\"\xf5\""), HasSubstr("UTF-8"));
}

TEST(LineProtocolTest, KeepsTheLastOfAFieldThatIsGivenTwice) {
  const auto row = OneRow("m a=1,b=2,a=3 1");
  EXPECT_THAT(row.fields, UnorderedElementsAre(Pair("a", Float(3)), Pair("b", Float(2))));
  const auto other_type = OneRow("m a=1,a=\"x\" 1");
  EXPECT_THAT(other_type.fields, ElementsAre(Pair("a", ReferenceValue(std::string("x")))));
}

TEST(LineProtocolTest, RefusesABadLineAloneAndLeavesNothingOfIt) {
  const auto decoded =
      DecodeLineProtocol("m,h=a x=1i 1\nm,h=a x=2i,y=oops 2\nother,h=c z=1,w=\nm,h=b x=3i 3\n", {});
  EXPECT_THAT(RowsOf(decoded), SizeIs(2));
  ASSERT_THAT(decoded.batches, SizeIs(1));
  EXPECT_THAT(decoded.batches[0].fields, SizeIs(1));
  ASSERT_THAT(decoded.errors, SizeIs(2));
  EXPECT_EQ(decoded.errors[0].line_number, 2U);
  EXPECT_EQ(decoded.errors[0].line_offset, 13U);
  EXPECT_EQ(decoded.errors[0].line_bytes, 19U);
  EXPECT_EQ(decoded.errors[1].line_number, 3U);
}

TEST(LineProtocolTest, CountsLineNumbersOverStringsWithLineEnds) {
  const auto decoded = DecodeLineProtocol("m s=\"a\nb\" 1\nbad\n", {});
  ASSERT_THAT(decoded.errors, SizeIs(1));
  EXPECT_EQ(decoded.errors[0].line_number, 3U);
}

TEST(LineProtocolTest, NeverTakesALineOutOfAStringOfABadLine) {
  const auto decoded = DecodeLineProtocol("m s=\"log:\nfake,by=x f=1 1\n\",t=bad 5\nm f=2 6\n", {});
  const auto rows = RowsOf(decoded);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].time_ns, 6);
}

TEST(LineProtocolTest, GoesOnAfterTheLineWithAQuoteThatNeverEnds) {
  const auto decoded = DecodeLineProtocol("m s=\"oops 1\nm f=1 2\nm f=2 3\n", {});
  EXPECT_THAT(RowsOf(decoded), SizeIs(2));
  EXPECT_EQ(decoded.num_errors, 1U);
}

TEST(LineProtocolTest, KeepsTheFirstErrorsAndCountsTheRest) {
  std::string body;
  for (int i = 0; i < 250; ++i)
    body += "bad\nm f=1 1\n";
  const auto decoded = DecodeLineProtocol(body, {});
  EXPECT_EQ(decoded.num_errors, 250U);
  EXPECT_EQ(decoded.num_rows, 250U);
  ASSERT_THAT(decoded.errors, SizeIs(100));
  EXPECT_EQ(decoded.errors.back().line_number, 199U);
}

TEST(LineProtocolTest, KnowsASeriesByItsTagsNotByTheirOrder) {
  const auto decoded =
      DecodeLineProtocol("m,a=1,b=2 f=1 1\nm,b=2,a=1 f=2 2\nm,a=1,b=2 f=3 3\n", {});
  ASSERT_THAT(decoded.batches, SizeIs(1));
  EXPECT_THAT(decoded.batches[0].series, SizeIs(1));
  EXPECT_THAT(decoded.batches[0].series_index, ElementsAre(0, 0, 0));
}

TEST(LineProtocolTest, MakesAColumnForEachTypeOfAField) {
  const auto decoded = DecodeLineProtocol("m f=1 1\nm f=2i 2\nm f=3 3\n", {});
  ASSERT_THAT(decoded.batches, SizeIs(1));
  ASSERT_THAT(decoded.batches[0].fields, SizeIs(2));
  EXPECT_EQ(decoded.batches[0].fields[0].num_valid, 2U);
  EXPECT_EQ(decoded.batches[0].fields[1].type, DataType::kInt64);
}

TEST(LineProtocolTest, RefusesALineThatIsTooLong) {
  const std::string line = "m s=\"" + std::string(200, 'x') + "\" 1\nm f=1 1\n";
  const auto decoded = DecodeLineProtocol(line, {.max_line_bytes = 100});
  EXPECT_EQ(decoded.num_rows, 1U);
  ASSERT_THAT(decoded.errors, SizeIs(1));
  EXPECT_THAT(decoded.errors[0].reason, HasSubstr("100 is the most"));
  EXPECT_EQ(Reason("m," + std::string(70'000, 't') + "=x f=1"),
            "max key length exceeded: 70004 > 65535");
}

TEST(LineProtocolTest, RefusesALineThatIsTooLongThoughItIsLikeTheOneBefore) {
  const std::string part(40, 'x');
  const std::string body = "m s=\"a\",t=\"b\",u=\"c\" 1\nm s=\"" + part + "\",t=\"" + part +
                           "\",u=\"" + part +
                           "\" 2\nm s=\"a\" 3                                 \n";
  const auto decoded = DecodeLineProtocol(body, {.max_line_bytes = 100});
  EXPECT_EQ(decoded.num_rows, 2U);
  ASSERT_THAT(decoded.errors, SizeIs(1));
  EXPECT_EQ(decoded.errors[0].line_number, 2U);
  EXPECT_THAT(decoded.errors[0].reason, HasSubstr("100 is the most"));
}

TEST(LineProtocolTest, SkipsSpaceBeforeTheFirstFieldThoughAnotherLineHadItInTheName) {
  for (const std::string& space : {std::string("\t"), std::string(1, '\0')}) {
    const std::string body = "m,h=a a=1," + space + "b=2 1\nm,h=a " + space + "b=3 2\n" + "m,h=b " +
                             space + "b=4 3 " + std::string(64, ' ') + "\n";
    const auto rows = RowsOf(DecodeLineProtocol(body, {}));
    ASSERT_THAT(rows, SizeIs(3));
    EXPECT_THAT(rows[0].fields,
                UnorderedElementsAre(Pair("a", Float(1)), Pair(space + "b", Float(2))));
    EXPECT_THAT(rows[1].fields, UnorderedElementsAre(Pair("b", Float(3))));
    EXPECT_THAT(rows[2].fields, UnorderedElementsAre(Pair("b", Float(4))));
  }
}

TEST(LineProtocolTest, RefusesABodyThatWouldTakeFarMoreMemoryThanItHasBytes) {
  std::string body;
  for (int i = 0; i < 3'000; ++i)
    body += "m f" + std::to_string(i) + "=1 1\n";
  const auto decoded = DecodeLineProtocol(body, {.max_decoded_bytes = 1 << 20});
  EXPECT_EQ(decoded.status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(decoded.batches, IsEmpty());
  EXPECT_TRUE(DecodeLineProtocol(body, {}).status.ok());
}

TEST(LineProtocolTest, CountsColumnsThatChangeTheirTypeWhenItWeighsABody) {
  // Every line has one more name, all floats, and then strings in lines of the same shape.
  std::string names;
  std::string strings;
  for (int i = 0; i < 200; ++i) {
    const std::string name = (i == 0 ? "f" : ",f") + std::to_string(i);
    names += name + "=1";
    strings += name + "=\"\"";
  }
  std::string body = "m " + names + " 1\n";
  for (int i = 0; i < 2'000; ++i)
    body += "m f0=1 1\n";
  const DecodeOptions options = {.max_decoded_bytes = 5 << 20};
  EXPECT_TRUE(DecodeLineProtocol(body, options).status.ok());
  body += "m " + strings + " 1\nm f0=1 1\n";
  EXPECT_EQ(DecodeLineProtocol(body, options).status.code(), StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace stria::ingest
