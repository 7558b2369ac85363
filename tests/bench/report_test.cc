#include "bench/stria_bench/report.h"

#include <cmath>

#include <gtest/gtest.h>

namespace stria::bench {
namespace {

Report Sample() {
  Report report;
  report.Add("rows", Cell::Count(2'592'000));
  report.Add("file", Cell::Text("a \"b\".lp"));
  report.Add("rate", Cell::Number(1234.5678, 2));
  report.Add("unknown", Cell::None());
  report.SetColumns({"type", "p50_ms"});
  report.AddRow({Cell::Text("lastpoint"), Cell::Number(0.5, 3)});
  report.AddRow({Cell::Text("x"), Cell::Number(std::nan(""), 3)});
  report.Note("a note");
  return report;
}

TEST(ReportTest, IsJson) {
  EXPECT_EQ(Sample().Json(),
            "{\"rows\": 2592000,\n \"file\": \"a \\\"b\\\".lp\",\n \"rate\": 1234.57,\n"
            " \"unknown\": null,\n \"table\": [\n"
            "  {\"type\": \"lastpoint\", \"p50_ms\": 0.500},\n"
            "  {\"type\": \"x\", \"p50_ms\": null}],\n \"notes\": [\"a note\"]}\n");
}

TEST(ReportTest, IsATableForPeople) {
  EXPECT_EQ(Sample().Text(),
            "rows     2,592,000\nfile     a \"b\".lp\nrate     1234.57\nunknown  -\n\n"
            "type       p50_ms\nlastpoint   0.500\nx               -\na note\n");
}

TEST(ReportTest, OfNothingIsAnEmptyObject) {
  EXPECT_EQ(Report().Json(), "{}\n");
}

}  // namespace
}  // namespace stria::bench
