#include "query/expr/evaluator.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <unordered_set>
#include <utility>

#include "query/expr/arithmetic.h"
#include "query/expr/cast.h"
#include "query/expr/comparison.h"
#include "query/expr/function_registry.h"
#include "storage/base/errors.h"
#include "storage/types/like_pattern.h"
#include "storage/types/regex_pattern.h"

namespace stria::query {
namespace {

// The column that an operand is: one of the batch, or what it evaluates to.
class Operand {
 public:
  static Result<Operand> Of(const Expr& expr, const Batch& batch) {
    Operand operand;
    if (expr.kind == ExprKind::kColumn) {
      operand.borrowed_ = &batch.columns[expr.column];
      return operand;
    }
    STRIA_ASSIGN_OR_RETURN(operand.own_, Evaluate(expr, batch));
    return operand;
  }
  const Column& column() const { return borrowed_ != nullptr ? *borrowed_ : own_; }

 private:
  const Column* borrowed_ = nullptr;
  Column own_;
};

void Fill(std::span<uint8_t> truth, uint8_t value) {
  std::ranges::fill(truth, value);
}

Status TruthOfCompare(const Expr& expr, const Batch& batch, std::span<uint8_t> truth) {
  STRIA_ASSIGN_OR_RETURN(const Operand left, Operand::Of(*expr.args[0], batch));
  STRIA_ASSIGN_OR_RETURN(const Operand right, Operand::Of(*expr.args[1], batch));
  CompareColumns(expr.op, left.column(), right.column(), truth);
  return Status::Ok();
}

// Evaluates `expr` for the rows for which `truth` is not `decided`, and combines: AND is decided by
// false, OR by true.
Status CombineOne(const Expr& expr, const Batch& batch, uint8_t decided, std::span<uint8_t> truth) {
  const auto combine = [decided](uint8_t so_far, uint8_t value) -> uint8_t {
    if (so_far == decided || value == decided) return decided;
    return so_far == kUnknown || value == kUnknown ? uint8_t{kUnknown} : so_far;
  };
  const auto num_decided = static_cast<size_t>(std::ranges::count(truth, decided));
  if (num_decided == truth.size()) return Status::Ok();
  if (num_decided == 0 || !CanFail(expr)) {
    std::vector<uint8_t> values(truth.size());
    STRIA_RETURN_IF_ERROR(EvaluateTruth(expr, batch, values));
    for (size_t row = 0; row < truth.size(); ++row)
      truth[row] = combine(truth[row], values[row]);
    return Status::Ok();
  }
  std::vector<uint32_t> rows;
  rows.reserve(truth.size() - num_decided);
  for (uint32_t row = 0; row < truth.size(); ++row) {
    if (truth[row] != decided) rows.push_back(row);
  }
  std::vector<uint8_t> values(rows.size());
  STRIA_RETURN_IF_ERROR(EvaluateTruth(expr, batch.Gather(rows), values));
  for (size_t i = 0; i < rows.size(); ++i)
    truth[rows[i]] = combine(truth[rows[i]], values[i]);
  return Status::Ok();
}

Status TruthOfAndOr(const Expr& expr, const Batch& batch, std::span<uint8_t> truth) {
  const uint8_t decided = expr.kind == ExprKind::kAnd ? kFalse : kTrue;
  Fill(truth, decided == kFalse ? kTrue : kFalse);
  for (const auto& arg : expr.args)
    STRIA_RETURN_IF_ERROR(CombineOne(*arg, batch, decided, truth));
  return Status::Ok();
}

Status TruthOfIsNull(const Expr& expr, const Batch& batch, std::span<uint8_t> truth) {
  STRIA_ASSIGN_OR_RETURN(const Operand operand, Operand::Of(*expr.args[0], batch));
  for (uint32_t row = 0; row < truth.size(); ++row)
    truth[row] = operand.column().IsNull(row) ? kTrue : kFalse;
  return Status::Ok();
}

// Applies `test` to each string; runs of one dictionary code are tested once.
template <typename Test>
void TestStrings(const Column& column, std::span<uint8_t> truth, const Test& test) {
  if (column.form == Column::Form::kDictionary) {
    int32_t last_code = -1;
    uint8_t last_truth = kUnknown;
    for (size_t row = 0; row < truth.size(); ++row) {
      const int32_t code = column.codes[row];
      if (code != last_code) {
        last_code = code;
        last_truth = code < 0
                         ? uint8_t{kUnknown}
                         : test(std::string_view((*column.dictionary)[static_cast<size_t>(code)]));
      }
      truth[row] = code < 0 ? uint8_t{kUnknown} : last_truth;
    }
    return;
  }
  const PlainView view(column, static_cast<uint32_t>(truth.size()));
  if (view.all_null()) return Fill(truth, kUnknown);
  if (view.is_constant()) return Fill(truth, test(view.String(0)));
  for (uint32_t row = 0; row < truth.size(); ++row)
    truth[row] = view.IsValid(row) ? test(view.String(row)) : uint8_t{kUnknown};
}

// LIKE and ~: of a text, a pattern that is a literal, and what matches one to the other.
template <typename Matches>
Status TruthOfPattern(const Expr& expr, const Batch& batch, std::span<uint8_t> truth,
                      const Matches& matches) {
  STRIA_ASSIGN_OR_RETURN(const Operand text, Operand::Of(*expr.args[0], batch));
  if (expr.args[1]->literal.is_null() || text.column().type == DataType::kNull) {
    Fill(truth, kUnknown);
    return Status::Ok();
  }
  TestStrings(text.column(), truth,
              [&](std::string_view value) -> uint8_t { return matches(value) ? kTrue : kFalse; });
  return Status::Ok();
}

Status TruthOfIn(const Expr& expr, const Batch& batch, std::span<uint8_t> truth) {
  STRIA_ASSIGN_OR_RETURN(const Operand operand, Operand::Of(*expr.args[0], batch));
  const Column& column = operand.column();
  bool has_null = false;
  std::unordered_set<std::string_view> strings;
  std::vector<uint64_t> words;
  const bool is_string = column.type == DataType::kString;
  for (size_t i = 1; i < expr.args.size(); ++i) {
    const Value& value = expr.args[i]->literal;
    if (value.is_null()) {
      has_null = true;
    } else if (is_string) {
      strings.insert(value.string());
    } else {
      words.push_back(BitsOf(value));
    }
  }
  // x IN () and NULL IN (...): nothing equals, and NULL is never known to be outside.
  const uint8_t missing = has_null ? kUnknown : kFalse;
  if (column.type == DataType::kNull) {
    Fill(truth, kUnknown);
    return Status::Ok();
  }
  if (is_string) {
    TestStrings(column, truth, [&](std::string_view value) -> uint8_t {
      return strings.contains(value) ? uint8_t{kTrue} : missing;
    });
    return Status::Ok();
  }
  const bool is_float = column.type == DataType::kFloat64;
  if (is_float) {
    for (auto& word : words)
      word = CanonicalDouble(word);
  }
  std::ranges::sort(words);
  const PlainView view(column, static_cast<uint32_t>(truth.size()));
  for (uint32_t row = 0; row < truth.size(); ++row) {
    if (!view.IsValid(row)) {
      truth[row] = kUnknown;
      continue;
    }
    const uint64_t word = is_float ? CanonicalDouble(view.Word(row)) : view.Word(row);
    truth[row] = std::ranges::binary_search(words, word) ? uint8_t{kTrue} : missing;
  }
  return Status::Ok();
}

void TruthOfColumn(const Column& column, std::span<uint8_t> truth) {
  if (column.type == DataType::kNull) return Fill(truth, kUnknown);
  const PlainView view(column, static_cast<uint32_t>(truth.size()));
  for (uint32_t row = 0; row < truth.size(); ++row) {
    truth[row] = !view.IsValid(row) ? kUnknown : view.Word(row) != 0 ? kTrue : kFalse;
  }
}

Column ColumnOfTruth(std::span<const uint8_t> truth) {
  Column column;
  column.type = DataType::kBool;
  column.bits.resize(truth.size());
  bool has_null = false;
  for (size_t row = 0; row < truth.size(); ++row) {
    column.bits[row] = truth[row] == kTrue ? 1 : 0;
    has_null |= truth[row] == kUnknown;
  }
  if (has_null) {
    column.validity.resize(truth.size());
    for (size_t row = 0; row < truth.size(); ++row)
      column.validity[row] = truth[row] == kUnknown ? 0 : 1;
  }
  return column;
}

// Puts the values of one branch where they belong. Strings keep what owns them in `owners`.
void Scatter(const Column& values, std::span<const uint32_t> rows, Column& result,
             std::vector<std::shared_ptr<const void>>& owners) {
  if (values.type == DataType::kNull) return;
  Column copy = values;
  const Column flat = std::move(copy).Flatten(static_cast<uint32_t>(rows.size()));
  if (flat.keep_alive != nullptr) owners.push_back(flat.keep_alive);
  for (uint32_t i = 0; i < rows.size(); ++i) {
    if (flat.IsNull(i)) continue;
    result.validity[rows[i]] = 1;
    if (result.type == DataType::kString) {
      result.strings[rows[i]] = flat.strings[i];
    } else {
      result.bits[rows[i]] = flat.bits[i];
    }
  }
}

Result<Column> EvaluateCase(const Expr& expr, const Batch& batch) {
  Column result = Column::FlatNulls(expr.type, batch.num_rows);
  std::vector<std::shared_ptr<const void>> owners;
  std::vector<uint32_t> open(batch.num_rows);  // Rows that no branch has taken.
  for (uint32_t row = 0; row < batch.num_rows; ++row)
    open[row] = row;
  size_t arg = 0;
  for (; arg + 1 < expr.args.size() && !open.empty(); arg += 2) {
    const Batch rest = batch.Gather(open);
    std::vector<uint8_t> truth(open.size());
    STRIA_RETURN_IF_ERROR(EvaluateTruth(*expr.args[arg], rest, truth));
    std::vector<uint32_t> taken, kept;
    for (size_t i = 0; i < open.size(); ++i)
      (truth[i] == kTrue ? taken : kept).push_back(open[i]);
    if (!taken.empty()) {
      STRIA_ASSIGN_OR_RETURN(const Column values,
                             Evaluate(*expr.args[arg + 1], batch.Gather(taken)));
      Scatter(values, taken, result, owners);
    }
    open = std::move(kept);
  }
  if (expr.args.size() % 2 == 1 && !open.empty()) {
    STRIA_ASSIGN_OR_RETURN(const Column values, Evaluate(*expr.args.back(), batch.Gather(open)));
    Scatter(values, open, result, owners);
  }
  if (!owners.empty()) {
    result.keep_alive =
        std::make_shared<const std::vector<std::shared_ptr<const void>>>(std::move(owners));
  }
  return result;
}

Result<Column> EvaluateCall(const Expr& expr, const Batch& batch) {
  std::vector<Column> args;
  args.reserve(expr.args.size());
  for (const auto& arg : expr.args) {
    STRIA_ASSIGN_OR_RETURN(Column column, Evaluate(*arg, batch));
    args.push_back(std::move(column));
  }
  Column result;
  result.type = expr.function->result;
  STRIA_RETURN_IF_ERROR(expr.function->impl(args, batch.num_rows, result));
  return result;
}

Result<Column> EvaluateArith(const Expr& expr, const Batch& batch) {
  STRIA_ASSIGN_OR_RETURN(const Operand left, Operand::Of(*expr.args[0], batch));
  if (expr.op == ExprOp::kNegate) return NegateColumn(left.column(), expr.type, batch.num_rows);
  STRIA_ASSIGN_OR_RETURN(const Operand right, Operand::Of(*expr.args[1], batch));
  return ComputeArithmetic(expr.op, left.column(), right.column(), expr.type, batch.num_rows);
}

}  // namespace

Status EvaluateTruth(const Expr& expr, const Batch& batch, std::span<uint8_t> truth) {
  switch (expr.kind) {
    case ExprKind::kCompare: return TruthOfCompare(expr, batch, truth);
    case ExprKind::kAnd:
    case ExprKind::kOr: return TruthOfAndOr(expr, batch, truth);
    case ExprKind::kNot:
      STRIA_RETURN_IF_ERROR(EvaluateTruth(*expr.args[0], batch, truth));
      for (auto& value : truth)
        value = value == kUnknown ? uint8_t{kUnknown} : static_cast<uint8_t>(1 - value);
      return Status::Ok();
    case ExprKind::kIsNull: return TruthOfIsNull(expr, batch, truth);
    case ExprKind::kIn: return TruthOfIn(expr, batch, truth);
    case ExprKind::kLike:
      return TruthOfPattern(expr, batch, truth, [&](std::string_view value) {
        return MatchesLike(value, expr.args[1]->literal.string());
      });
    case ExprKind::kRegex:
      return TruthOfPattern(expr, batch, truth,
                            [&](std::string_view value) { return expr.regex->Matches(value); });
    case ExprKind::kColumn:
    case ExprKind::kLiteral:
    case ExprKind::kArith:
    case ExprKind::kCast:
    case ExprKind::kCall:
    case ExprKind::kCase: break;
  }
  STRIA_ASSIGN_OR_RETURN(const Operand operand, Operand::Of(expr, batch));
  TruthOfColumn(operand.column(), truth);
  return Status::Ok();
}

Result<Column> Evaluate(const Expr& expr, const Batch& batch) {
  switch (expr.kind) {
    case ExprKind::kColumn: return batch.columns[expr.column];
    case ExprKind::kLiteral: return Column::Constant(expr.literal, expr.type);
    case ExprKind::kArith: return EvaluateArith(expr, batch);
    case ExprKind::kCast: {
      STRIA_ASSIGN_OR_RETURN(const Operand operand, Operand::Of(*expr.args[0], batch));
      return CastColumn(operand.column(), expr.type, batch.num_rows);
    }
    case ExprKind::kCall: return EvaluateCall(expr, batch);
    case ExprKind::kCase: return EvaluateCase(expr, batch);
    case ExprKind::kCompare:
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kNot:
    case ExprKind::kIsNull:
    case ExprKind::kIn:
    case ExprKind::kLike:
    case ExprKind::kRegex: break;
  }
  std::vector<uint8_t> truth(batch.num_rows);
  STRIA_RETURN_IF_ERROR(EvaluateTruth(expr, batch, truth));
  return ColumnOfTruth(truth);
}

Status SelectRows(const Expr& predicate, const Batch& batch, std::vector<uint32_t>& rows) {
  rows.clear();
  std::vector<uint8_t> truth(batch.num_rows);
  STRIA_RETURN_IF_ERROR(EvaluateTruth(predicate, batch, truth));
  rows.resize(batch.num_rows);
  size_t num_rows = 0;
  for (uint32_t row = 0; row < batch.num_rows; ++row) {
    rows[num_rows] = row;
    num_rows += truth[row] == kTrue ? 1U : 0U;
  }
  rows.resize(num_rows);
  return Status::Ok();
}

Result<Value> EvaluateConstant(const Expr& expr) {
  Batch one_row;
  one_row.num_rows = 1;
  STRIA_ASSIGN_OR_RETURN(const Column column, Evaluate(expr, one_row));
  return column.ValueAt(0);
}

bool CanFail(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kArith:
    case ExprKind::kCall: return true;
    case ExprKind::kCast:
      if (expr.type != DataType::kFloat64 && expr.type != DataType::kString) return true;
      if (expr.args[0]->type == DataType::kString && expr.type != DataType::kString) return true;
      break;
    case ExprKind::kColumn:
    case ExprKind::kLiteral:
    case ExprKind::kCompare:
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kNot:
    case ExprKind::kIsNull:
    case ExprKind::kIn:
    case ExprKind::kLike:
    case ExprKind::kRegex:
    case ExprKind::kCase: break;
  }
  return std::ranges::any_of(expr.args, [](const ExprPtr& arg) { return CanFail(*arg); });
}

void CollectColumns(const Expr& expr, std::vector<uint32_t>& columns) {
  if (expr.kind == ExprKind::kColumn && std::ranges::find(columns, expr.column) == columns.end()) {
    columns.push_back(expr.column);
  }
  for (const auto& arg : expr.args)
    CollectColumns(*arg, columns);
}

}  // namespace stria::query
