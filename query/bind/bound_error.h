// How binding fails: a QueryError at the token that is to blame.

#pragma once

#include <string>
#include <utility>
#include <variant>

#include "query/expr/query_error.h"
#include "query/sql/ast.h"
#include "storage/base/error_codes.h"
#include "storage/base/status.h"

namespace stria::query {

/// A `T`, or the error. Like Result<T>, with the error that carries a position.
template <typename T>
class [[nodiscard]] Bound {
 public:
  // Implicit on purpose: `return value;` and `return error;` both read naturally.
  Bound(T value) : rep_(std::in_place_index<0>, std::move(value)) {}           // NOLINT
  Bound(QueryError error) : rep_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  explicit operator bool() const noexcept { return rep_.index() == 0; }
  T& operator*() { return *std::get_if<0>(&rep_); }
  const T& operator*() const { return *std::get_if<0>(&rep_); }
  T* operator->() { return std::get_if<0>(&rep_); }
  const QueryError& error() const { return *std::get_if<1>(&rep_); }

 private:
  std::variant<T, QueryError> rep_;
};

inline QueryError BindError(Position position, std::string code, std::string message,
                            std::string hint = {}) {
  return {.code = std::move(code),
          .message = std::move(message),
          .line = position.line,
          .column = position.column,
          .hint = std::move(hint)};
}

/// A Status of an evaluation or a parse of a literal, at a position.
inline QueryError BindError(Position position, const Status& status) {
  return BindError(position, std::string(ApiCodeOf(status.code())), std::string(status.message()));
}

}  // namespace stria::query

/// Evaluates `expr`, a Bound<T>; returns its error, or moves its value into `lhs`.
#define STRIA_BIND(lhs, expr) STRIA_BIND_IMPL(STRIA_CONCAT(stria_bound_, __LINE__), lhs, expr)
#define STRIA_BIND_IMPL(result, lhs, expr) \
  auto result = (expr);                    \
  if (!result) return result.error();      \
  lhs = std::move(*result)
