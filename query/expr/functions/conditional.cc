// coalesce, nullif, greatest, least: for every type alike.

#include <memory>
#include <utility>
#include <vector>

#include "query/expr/comparison.h"
#include "query/expr/evaluator.h"
#include "query/expr/functions/families.h"

namespace stria::query {
namespace {

using enum DataType;
using Args = std::span<const Column>;

// Fills each row with the row of the argument that `pick(row)` names (negative: NULL).
template <typename Pick>
Status PickRows(Args args, uint32_t num_rows, Column& result, Pick pick) {
  std::vector<Column> flat;
  flat.reserve(args.size());
  for (const auto& arg : args) {
    Column copy = arg;
    flat.push_back(std::move(copy).Flatten(num_rows));
  }
  result = Column::FlatNulls(result.type, num_rows);
  for (uint32_t row = 0; row < num_rows; ++row) {
    const int picked = pick(flat, row);
    if (picked < 0) continue;
    const Column& from = flat[static_cast<size_t>(picked)];
    result.validity[row] = 1;
    if (result.type == kString) {
      result.strings[row] = from.strings[row];
    } else {
      result.bits[row] = from.bits[row];
    }
  }
  if (result.type == kString) {
    std::vector<std::shared_ptr<const void>> owners;
    for (const auto& column : flat)
      owners.push_back(column.keep_alive);
    result.keep_alive =
        std::make_shared<const std::vector<std::shared_ptr<const void>>>(std::move(owners));
  }
  return Status::Ok();
}

int CompareRows(const Column& a, const Column& b, uint32_t row) {
  if (a.type == kString) {
    const int order = a.strings[row].compare(b.strings[row]);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  return CompareBits(a.type, a.bits[row], b.bits[row]);
}

Status Coalesce(Args args, uint32_t num_rows, Column& result) {
  return PickRows(args, num_rows, result, [](const std::vector<Column>& flat, uint32_t row) {
    for (size_t i = 0; i < flat.size(); ++i) {
      if (!flat[i].IsNull(row)) return static_cast<int>(i);
    }
    return -1;
  });
}

Status NullIf(Args args, uint32_t num_rows, Column& result) {
  return PickRows(args, num_rows, result, [](const std::vector<Column>& flat, uint32_t row) {
    if (flat[0].IsNull(row)) return -1;
    return !flat[1].IsNull(row) && CompareRows(flat[0], flat[1], row) == 0 ? -1 : 0;
  });
}

// PostgreSQL's: NULL arguments are ignored.
template <int kSign>
Status Extreme(Args args, uint32_t num_rows, Column& result) {
  return PickRows(args, num_rows, result, [](const std::vector<Column>& flat, uint32_t row) {
    int best = -1;
    for (size_t i = 0; i < flat.size(); ++i) {
      if (flat[i].IsNull(row)) continue;
      if (best < 0 || CompareRows(flat[i], flat[static_cast<size_t>(best)], row) == kSign) {
        best = static_cast<int>(i);
      }
    }
    return best;
  });
}

}  // namespace

void AddConditionalFunctions(std::vector<FunctionDef>& functions) {
  for (const DataType type : {kFloat64, kInt64, kUint64, kBool, kString, kTimestamp, kInterval}) {
    const auto add = [&](std::string name, size_t num_args, std::string doc, FunctionImpl impl,
                         bool variadic) {
      functions.push_back({.name = std::move(name),
                           .args = std::vector<DataType>(num_args, type),
                           .variadic = variadic,
                           .result = type,
                           .doc = std::move(doc),
                           .impl = impl});
    };
    add("coalesce", 1, "The first argument that is not NULL.", Coalesce, true);
    add("nullif", 2, "NULL where both arguments are equal, else the first.", NullIf, false);
    add("greatest", 1, "The greatest argument; NULL arguments are ignored.", Extreme<1>, true);
    add("least", 1, "The least argument; NULL arguments are ignored.", Extreme<-1>, true);
  }
}

}  // namespace stria::query
