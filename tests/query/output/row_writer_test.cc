#include "query/output/row_writer.h"

#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/base/json_string.h"

namespace stria::query {
namespace {

constexpr int64_t kTime = 1'451'606'400'500'000'000;

Column Flat(DataType type, const std::vector<Value>& values) {
  Column column = Column::FlatNulls(type, static_cast<uint32_t>(values.size()));
  static std::vector<std::unique_ptr<std::string>> kept;  // string_views need an owner.
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].is_null()) continue;
    column.validity[i] = 1;
    if (type == DataType::kString) {
      kept.push_back(std::make_unique<std::string>(values[i].string()));
      column.strings[i] = *kept.back();
    } else {
      column.bits[i] = BitsOf(values[i]);
    }
  }
  return column;
}

struct Answer {
  std::vector<OutputColumn> columns;
  std::vector<Batch> batches;
};

// One column of each type, two rows, the second all NULL.
Answer EveryType() {
  Answer answer;
  Batch batch;
  batch.num_rows = 2;
  const auto add = [&](std::string name, DataType type, Value value) {
    answer.columns.push_back({std::move(name), type});
    batch.columns.push_back(Flat(type, {std::move(value), Value::Null(type)}));
  };
  add("time", DataType::kTimestamp, Value::Timestamp(kTime));
  add("f", DataType::kFloat64, Value::Float64(21.5));
  add("i", DataType::kInt64, Value::Int64(-7));
  add("u", DataType::kUint64, Value::Uint64(18'446'744'073'709'551'615ULL));
  add("b", DataType::kBool, Value::Bool(true));
  add("s", DataType::kString, Value::String("x"));
  add("v", DataType::kInterval, Value::Interval(90'000'000'000));
  answer.batches.push_back(std::move(batch));
  return answer;
}

Answer Strings(const std::vector<std::string>& texts) {
  Answer answer;
  answer.columns = {{"s", DataType::kString}};
  std::vector<Value> values;
  for (const auto& text : texts)
    values.push_back(Value::String(text));
  Batch batch;
  batch.num_rows = static_cast<uint32_t>(texts.size());
  batch.columns.push_back(Flat(DataType::kString, values));
  answer.batches.push_back(std::move(batch));
  return answer;
}

std::string Write(const Answer& answer, OutputFormat format, TimeForm times = TimeForm::kText,
                  std::string_view note = {}) {
  const auto writer = MakeRowWriter(format, times);
  std::string text;
  QueryStats stats{.elapsed_ns = 1'234'000, .rows_scanned = 1'400'000};
  writer->Begin(answer.columns, text);
  for (const auto& batch : answer.batches) {
    writer->Rows(batch, text);
    stats.rows_returned += batch.num_rows;
  }
  writer->End(stats, note, text);
  return text;
}

TEST(JsonWriterTest, WritesColumnsRowsAndStats) {
  EXPECT_EQ(
      Write(EveryType(), OutputFormat::kJson),
      R"({"columns":[{"name":"time","type":"timestamp"},{"name":"f","type":"float64"},)"
      R"({"name":"i","type":"int64"},{"name":"u","type":"uint64"},{"name":"b","type":"bool"},)"
      R"({"name":"s","type":"string"},{"name":"v","type":"interval"}],
"rows":[
["2016-01-01T00:00:00.500000000Z",21.5,-7,18446744073709551615,true,"x","00:01:30"],
[null,null,null,null,null,null,null]],
"stats":{"elapsed_ms":1.234,"rows":2,"rows_scanned":1400000,"parts":0,"parts_pruned":0,)"
      R"("vectors_pruned":0,"bytes_read":0}}
)");
}

TEST(JsonWriterTest, WritesTimesInTheUnitAskedFor) {
  const auto row = [](TimeForm form) {
    Answer answer;
    answer.columns = {{"time", DataType::kTimestamp}};
    answer.batches.emplace_back();
    answer.batches[0].num_rows = 1;
    answer.batches[0].columns.push_back(
        Column::Constant(Value::Timestamp(kTime), DataType::kTimestamp));
    return Write(answer, OutputFormat::kJsonLines, form);
  };
  EXPECT_EQ(row(TimeForm::kNanoseconds), "{\"time\":1451606400500000000}\n");
  EXPECT_EQ(row(TimeForm::kMicroseconds), "{\"time\":1451606400500000}\n");
  EXPECT_EQ(row(TimeForm::kMilliseconds), "{\"time\":1451606400500}\n");
  EXPECT_EQ(row(TimeForm::kSeconds), "{\"time\":1451606400}\n");
}

TEST(JsonWriterTest, SeparatesBatchesLikeRows) {
  Answer answer = Strings({"a", "b"});
  answer.batches.push_back(Strings({}).batches[0]);
  answer.batches.push_back(Strings({"c"}).batches[0]);
  EXPECT_THAT(Write(answer, OutputFormat::kJson),
              testing::HasSubstr("\"rows\":[\n[\"a\"],\n[\"b\"],\n[\"c\"]],\n"));
}

TEST(JsonWriterTest, AnEmptyAnswerCarriesItsExplanation) {
  const std::string text =
      Write(Strings({}), OutputFormat::kJson, TimeForm::kText, "0 rows: \"why\"");
  EXPECT_THAT(text, testing::HasSubstr("\"rows\":[],"));
  EXPECT_THAT(text, testing::HasSubstr(R"("note":"0 rows: \"why\""}})"));
}

TEST(JsonWriterTest, NumbersThatJsonDoesNotHaveAreNull) {
  Answer answer;
  answer.columns = {{"f", DataType::kFloat64}};
  answer.batches.emplace_back();
  answer.batches[0].num_rows = 3;
  answer.batches[0].columns.push_back(
      Flat(DataType::kFloat64,
           {Value::Float64(std::numeric_limits<double>::quiet_NaN()),
            Value::Float64(std::numeric_limits<double>::infinity()), Value::Float64(1)}));
  EXPECT_EQ(Write(answer, OutputFormat::kJsonLines), "{\"f\":null}\n{\"f\":null}\n{\"f\":1}\n");
  EXPECT_EQ(Write(answer, OutputFormat::kCsv), "f\r\nNaN\r\nInfinity\r\n1\r\n");
}

TEST(JsonWriterTest, EscapesTextAndReplacesWhatIsNotUtf8) {
  EXPECT_EQ(Write(Strings({"\"\\\n\r\t", std::string("\0\x1f", 2),
                           "gr\xC3\xBC\xC3\x9F \xF0\x9F\x8C\xA1", "\xFF\xC3", "\xED\xA0\x80"}),
                  OutputFormat::kJsonLines),
            "{\"s\":\"\\\"\\\\\\n\\r\\t\"}\n"
            "{\"s\":\"\\u0000\\u001f\"}\n"
            "{\"s\":\"gr\xC3\xBC\xC3\x9F \xF0\x9F\x8C\xA1\"}\n"
            "{\"s\":\"\xEF\xBF\xBD\xEF\xBF\xBD\"}\n"
            "{\"s\":\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"}\n");
}

TEST(JsonWriterTest, AnErrorAfterRowsIsTheLastMember) {
  const Answer answer = Strings({"a"});
  const auto writer = MakeRowWriter(OutputFormat::kJson, TimeForm::kText);
  std::string text;
  writer->Begin(answer.columns, text);
  writer->Rows(answer.batches[0], text);
  EXPECT_TRUE(writer->Fail(R"({"code":"timeout"})", "too slow", text));
  EXPECT_EQ(text,
            "{\"columns\":[{\"name\":\"s\",\"type\":\"string\"}],\n\"rows\":[\n[\"a\"]],\n"
            "\"error\":{\"code\":\"timeout\"}}\n");
}

TEST(JsonLinesWriterTest, WritesAnObjectForEachRow) {
  EXPECT_EQ(Write(EveryType(), OutputFormat::kJsonLines),
            R"({"time":"2016-01-01T00:00:00.500000000Z","f":21.5,"i":-7,)"
            R"("u":18446744073709551615,"b":true,"s":"x","v":"00:01:30"})"
            "\n"
            R"({"time":null,"f":null,"i":null,"u":null,"b":null,"s":null,"v":null})"
            "\n");
}

TEST(JsonLinesWriterTest, AnErrorAfterRowsIsTheLastLine) {
  const auto writer = MakeRowWriter(OutputFormat::kJsonLines, TimeForm::kText);
  std::string text;
  writer->Begin({{"s", DataType::kString}}, text);
  writer->Rows(Strings({"a"}).batches[0], text);
  EXPECT_TRUE(writer->Fail(R"({"code":"timeout"})", "too slow", text));
  EXPECT_EQ(text, "{\"s\":\"a\"}\n{\"error\":{\"code\":\"timeout\"}}\n");
}

TEST(CsvWriterTest, WritesAHeaderAndKeepsNullAndEmptyTextApart) {
  Answer answer = EveryType();
  answer.columns[5].name = "a,b";
  EXPECT_EQ(Write(answer, OutputFormat::kCsv),
            "time,f,i,u,b,\"a,b\",v\r\n"
            "2016-01-01T00:00:00.500000000Z,21.5,-7,18446744073709551615,true,x,00:01:30\r\n"
            ",,,,,,\r\n");
  EXPECT_EQ(Write(Strings({""}), OutputFormat::kCsv), "s\r\n\"\"\r\n");
}

TEST(CsvWriterTest, QuotesWhatNeedsIt) {
  EXPECT_EQ(Write(Strings({"a,b", "say \"hi\"", "\"", "two\nlines", "cr\r", "plain text"}),
                  OutputFormat::kCsv),
            "s\r\n\"a,b\"\r\n\"say \"\"hi\"\"\"\r\n\"\"\"\"\r\n\"two\nlines\"\r\n\"cr\r\"\r\n"
            "plain text\r\n");
}

TEST(CsvWriterTest, AStatementThatAnswersNothingIsNoLine) {
  EXPECT_EQ(Write({}, OutputFormat::kCsv), "");
  EXPECT_EQ(Write({}, OutputFormat::kTsv), "");
}

TEST(CsvWriterTest, HasNoPlaceForAnError) {
  const auto writer = MakeRowWriter(OutputFormat::kCsv, TimeForm::kText);
  std::string text;
  writer->Begin({{"s", DataType::kString}}, text);
  EXPECT_FALSE(writer->Fail(R"({"code":"timeout"})", "too slow", text));
  EXPECT_EQ(text, "s\r\n");
}

TEST(TsvWriterTest, EscapesSeparators) {
  EXPECT_EQ(Write(Strings({"a\tb", "c\\d", "e\nf\r", ""}), OutputFormat::kTsv),
            "s\na\\tb\nc\\\\d\ne\\nf\\r\n\n");
}

TEST(TableWriterTest, AlignsColumnsAndSaysWhatItTook) {
  Answer answer;
  answer.columns = {
      {"site", DataType::kString}, {"n", DataType::kInt64}, {"at", DataType::kTimestamp}};
  answer.batches.emplace_back();
  answer.batches[0].num_rows = 2;
  answer.batches[0].columns.push_back(
      Flat(DataType::kString, {Value::String("k\xC3\xB6ln"), Value::String("hamburg")}));
  answer.batches[0].columns.push_back(
      Flat(DataType::kInt64, {Value::Int64(5), Value::Int64(1234)}));
  answer.batches[0].columns.push_back(
      Flat(DataType::kTimestamp, {Value::Timestamp(kTime), Value::Timestamp(0)}));
  EXPECT_EQ(Write(answer, OutputFormat::kPretty),
            " site    |    n | at\n"
            "---------+------+------------------------\n"
            " k\xC3\xB6ln    |    5 | 2016-01-01T00:00:00.5Z\n"
            " hamburg | 1234 | 1970-01-01T00:00:00Z\n"
            "(2 rows, 1.2 ms, 1.4 M rows scanned)\n");
}

TEST(TableWriterTest, ExplainsAnEmptyAnswer) {
  EXPECT_EQ(Write(Strings({}), OutputFormat::kPretty, TimeForm::kText, "0 rows: nothing there"),
            " s\n---\n(0 rows, 1.2 ms, 1.4 M rows scanned)\n0 rows: nothing there\n");
}

TEST(TableWriterTest, TextCannotSteerTheTerminal) {
  const std::string text =
      Write(Strings({"\x1b[2J", "a\nb", "\xC2\x9B", "\xFF"}), OutputFormat::kPretty);
  EXPECT_THAT(text, testing::HasSubstr(" \\x1b[2J\n a\\nb\n \\x9b\n \xEF\xBF\xBD\n"));
}

TEST(TableWriterTest, RowsAfterTheMeasuredOnesAreWrittenAsTheyCome) {
  const auto writer = MakeRowWriter(OutputFormat::kPretty, TimeForm::kText);
  std::string text;
  writer->Begin({{"s", DataType::kString}}, text);
  writer->Rows(Strings(std::vector<std::string>(999, "x")).batches[0], text);
  EXPECT_EQ(text, "");
  writer->Rows(Strings({"y", "much wider than the rest"}).batches[0], text);
  EXPECT_THAT(text, testing::StartsWith(" s\n---\n x\n x\n"));
  EXPECT_THAT(text, testing::EndsWith(" x\n y\n much wider than the rest\n"));
}

TEST(TableWriterTest, AnErrorAfterRowsIsToldBelowThem) {
  const auto writer = MakeRowWriter(OutputFormat::kPretty, TimeForm::kText);
  std::string text;
  writer->Begin({{"s", DataType::kString}}, text);
  writer->Rows(Strings({"a"}).batches[0], text);
  EXPECT_FALSE(writer->Fail(R"({"code":"timeout"})", "too slow", text));
  EXPECT_EQ(text, " s\n---\n a\nerror: too slow\n");
}

TEST(OutputFormatTest, KnowsItsNames) {
  for (const char* name : {"json", "jsonl", "csv", "tsv", "pretty"}) {
    EXPECT_TRUE(ParseOutputFormat(name).has_value()) << name;
    EXPECT_THAT(OutputFormatNames(), testing::HasSubstr(name));
  }
  EXPECT_FALSE(ParseOutputFormat("xml").has_value());
  EXPECT_FALSE(ParseTimeForm("h").has_value());
}

TEST(JsonStringTest, FindsTheEndOfEachCharacter) {
  EXPECT_EQ(Utf8CharacterSize("a"), 1U);
  EXPECT_EQ(Utf8CharacterSize("\xC3\xBC"), 2U);
  EXPECT_EQ(Utf8CharacterSize("\xE2\x82\xAC"), 3U);
  EXPECT_EQ(Utf8CharacterSize("\xF4\x8F\xBF\xBF"), 4U);
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC3", "\xE2\x82"}) {
    EXPECT_EQ(Utf8CharacterSize(bad), 0U) << testing::PrintToString(std::string(bad));
  }
}

}  // namespace
}  // namespace stria::query
