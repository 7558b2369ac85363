// Rows as text: one writer for each format, all with the same shape.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "query/exec/result_sink.h"
#include "query/output/output_format.h"

namespace stria::query {

/// Writes one answer: Begin(), Rows() for each batch, then End() or Fail(). Each appends to `text`,
/// which the caller may empty in between. Whatever text holds, what comes out is well-formed.
///
/// Thread safety: confined.
class RowWriter {
 public:
  virtual ~RowWriter() = default;

  virtual void Begin(const std::vector<OutputColumn>& columns, std::string& text) = 0;
  virtual void Rows(const Batch& batch, std::string& text) = 0;
  /// `note` explains an empty answer, or is empty.
  virtual void End(const QueryStats& stats, std::string_view note, std::string& text) = 0;

  /// Ends an answer that fails after Begin(). `error_json` is the object of the house form,
  /// {"code":...}; `message` the same for people. Returns false in formats that have no place for
  /// an error: the connection must then break, so that nobody takes the answer for whole.
  virtual bool Fail(std::string_view error_json, std::string_view message, std::string& text) = 0;
};

std::unique_ptr<RowWriter> MakeRowWriter(OutputFormat format, TimeForm times);

}  // namespace stria::query
