#include "query/output/row_writer.h"

#include "query/output/delimited_writer.h"
#include "query/output/json_writer.h"
#include "query/output/table_writer.h"

namespace stria::query {

std::unique_ptr<RowWriter> MakeRowWriter(OutputFormat format, TimeForm times) {
  switch (format) {
    case OutputFormat::kJson: return MakeJsonWriter(times);
    case OutputFormat::kJsonLines: return MakeJsonLinesWriter(times);
    case OutputFormat::kCsv: return MakeCsvWriter(times);
    case OutputFormat::kTsv: return MakeTsvWriter(times);
    case OutputFormat::kPretty: break;
  }
  return MakeTableWriter(times);
}

}  // namespace stria::query
