#include "query/output/output_format.h"

namespace stria::query {

std::optional<OutputFormat> ParseOutputFormat(std::string_view name) {
  if (name == "json") return OutputFormat::kJson;
  if (name == "jsonl") return OutputFormat::kJsonLines;
  if (name == "csv") return OutputFormat::kCsv;
  if (name == "tsv") return OutputFormat::kTsv;
  if (name == "pretty") return OutputFormat::kPretty;
  return std::nullopt;
}

std::string_view OutputFormatNames() {
  return "json, jsonl, csv, tsv or pretty";
}

std::string_view ContentTypeOf(OutputFormat format) {
  switch (format) {
    case OutputFormat::kJson: return "application/json";
    case OutputFormat::kJsonLines: return "application/jsonl";
    case OutputFormat::kCsv: return "text/csv; charset=utf-8; header=present";
    case OutputFormat::kTsv: return "text/tab-separated-values; charset=utf-8";
    case OutputFormat::kPretty: break;
  }
  return "text/plain; charset=utf-8";
}

std::optional<TimeForm> ParseTimeForm(std::string_view epoch) {
  if (epoch.empty()) return TimeForm::kText;
  if (epoch == "ns") return TimeForm::kNanoseconds;
  if (epoch == "us") return TimeForm::kMicroseconds;
  if (epoch == "ms") return TimeForm::kMilliseconds;
  if (epoch == "s") return TimeForm::kSeconds;
  return std::nullopt;
}

}  // namespace stria::query
