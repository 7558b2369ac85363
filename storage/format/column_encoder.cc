#include "storage/format/column_encoder.h"

#include <algorithm>
#include <utility>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/encoding/integers.h"
#include "storage/format/part_layout.h"

namespace stria::storage {
namespace {

VectorInput Slice(const ColumnRows& column, uint32_t begin, uint32_t end) {
  VectorInput input;
  input.type = column.type;
  if (column.type == DataType::kString) {
    input.strings = std::span(column.strings).subspan(begin, end - begin);
  } else {
    input.bits = std::span(column.bits).subspan(begin, end - begin);
  }
  if (!column.validity.empty()) {
    input.validity = std::span(column.validity).subspan(begin, end - begin);
  }
  return input;
}

}  // namespace

void ColumnEncoder::Add(const VectorInput& input) {
  STRIA_DCHECK(column_.num_rows % kVectorRows == 0);
  zones_.push_back(MakeZoneMap(input));
  page_has_values_ = page_has_values_ || zones_.back().num_valid > 0;
  const size_t before = vectors_.size();
  EncodeVector(input, profile_, vectors_);
  lengths_.push_back(vectors_.size() - before);
  column_.num_rows += static_cast<uint32_t>(input.num_rows());
  if (lengths_.size() == kVectorsPerPage) EndPage();
}

void ColumnEncoder::AddAll(const ColumnRows& column, uint32_t row_begin, uint32_t row_end) {
  for (uint32_t row = row_begin; row < row_end; row += kVectorRows)
    Add(Slice(column, row, std::min(row + kVectorRows, row_end)));
}

void ColumnEncoder::EndPage() {
  const size_t before = column_.pages.size();
  if (page_has_values_) {
    EncodeIntegers(lengths_, false, column_.pages);
    AppendBytes(vectors_, column_.pages);
  }
  column_.page_lengths.push_back(column_.pages.size() - before);
  has_values_ = has_values_ || page_has_values_;
  page_has_values_ = false;
  vectors_.clear();
  lengths_.clear();
}

EncodedColumn ColumnEncoder::Finish() {
  if (!lengths_.empty()) EndPage();
  if (has_values_) {
    EncodeZoneMaps(zones_, type_, column_.zone_maps);
  } else {
    column_.page_lengths.clear();
  }
  has_values_ = false;
  zones_.clear();
  return std::exchange(column_, {});
}

}  // namespace stria::storage
