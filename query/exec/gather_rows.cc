#include "query/exec/gather_rows.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace stria::query {
namespace {

using Owner = std::shared_ptr<const void>;

// What keeps the text of all rows alive.
Owner OwnerOf(std::span<const RowRef> rows) {
  std::vector<Owner> owners;
  for (const auto& [column, row] : rows) {
    if (column->keep_alive != nullptr && (owners.empty() || owners.back() != column->keep_alive))
      owners.push_back(column->keep_alive);
  }
  std::ranges::sort(owners);
  const auto repeated = std::ranges::unique(owners);
  owners.erase(repeated.begin(), repeated.end());
  if (owners.empty()) return nullptr;
  if (owners.size() == 1) return owners.front();
  return std::make_shared<const std::vector<Owner>>(std::move(owners));
}

bool HaveOneDictionary(std::span<const RowRef> rows) {
  const Column& first = *rows.front().column;
  return std::ranges::all_of(rows, [&](const RowRef& ref) {
    return ref.column->form == Column::Form::kDictionary &&
           ref.column->dictionary == first.dictionary;
  });
}

// Text of constants lives in the Column itself, which may go before its rows do.
std::string_view KeptText(const RowRef& ref, std::vector<Owner>& owners) {
  const std::string_view text = ref.column->String(ref.row);
  if (ref.column->form != Column::Form::kConstant) return text;
  const auto copy = std::make_shared<const std::string>(text);
  owners.push_back(copy);
  return *copy;
}

}  // namespace

Column GatherRows(std::span<const RowRef> rows) {
  Column result;
  result.type = rows.front().column->type;
  if (result.type == DataType::kNull) return Column::Constant(Value::Null(), result.type);
  if (HaveOneDictionary(rows)) {
    result.form = Column::Form::kDictionary;
    result.dictionary = rows.front().column->dictionary;
    result.keep_alive = OwnerOf(rows);
    for (const auto& [column, row] : rows)
      result.codes.push_back(column->codes[row]);
    return result;
  }
  const bool is_string = result.type == DataType::kString;
  std::vector<Owner> copies;
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool is_null = rows[i].column->IsNull(rows[i].row);
    if (is_null && result.validity.empty()) result.validity.assign(rows.size(), 1);
    if (is_null) result.validity[i] = 0;
    if (is_string) {
      result.strings.push_back(is_null ? std::string_view() : KeptText(rows[i], copies));
    } else {
      result.bits.push_back(is_null ? 0 : rows[i].column->Bits(rows[i].row));
    }
  }
  if (!is_string) return result;
  result.keep_alive = OwnerOf(rows);
  if (!copies.empty()) {
    copies.push_back(std::move(result.keep_alive));
    result.keep_alive = std::make_shared<const std::vector<Owner>>(std::move(copies));
  }
  return result;
}

}  // namespace stria::query
