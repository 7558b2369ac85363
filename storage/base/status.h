// The outcome of an operation that can fail.
//
// Two kinds of failure are kept apart throughout the code base:
//
//   * Expected failures (bad input, missing file, corrupt block, full disk) are values: a function
//     returns `Status` or `Result<T>`, and the caller decides.
//   * Broken invariants are bugs: `STRIA_CHECK` in check.h stops the process.
//
// No function of ours throws. Exceptions of third-party code are turned into a Status at the call.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace stria {

/// What went wrong, sorted by what a caller can do about it. The numbers appear in wire responses
/// and logs: append, never renumber.
enum class StatusCode : uint8_t {
  kOk = 0,
  kInvalidArgument = 1,    ///< The request is wrong; retrying it unchanged cannot help.
  kNotFound = 2,           ///< The named thing does not exist.
  kAlreadyExists = 3,      ///< The named thing exists and must not.
  kCorruption = 4,         ///< Stored bytes fail their checksum or break the format.
  kIoError = 5,            ///< The operating system refused; errno is in the message.
  kUnavailable = 6,        ///< Try again later: overload, shutdown, remote store away.
  kResourceExhausted = 7,  ///< A configured limit was reached: memory, disk, series count.
  kCancelled = 8,          ///< The caller asked to stop.
  kDeadlineExceeded = 9,   ///< The time limit passed first.
  kPermissionDenied = 10,  ///< The caller is known and not allowed.
  kUnimplemented = 11,     ///< Valid, but not supported by this version.
  kDiskFull = 12,          ///< No space left; reads go on, writes resume when there is space again.
  kOutOfRange = 13,        ///< A number does not fit its type: arithmetic overflow, a bad cast.
};

/// The name of `code` as logs and metrics spell it, such as "corruption".
std::string_view StatusCodeName(StatusCode code);

/// A success, or a code with a message for a human. Two pointers wide; success allocates nothing.
///
/// Thread safety: thread-compatible.
class [[nodiscard]] Status {
 public:
  /// A success.
  Status() noexcept = default;

  Status(StatusCode code, std::string message);

  static Status Ok() noexcept { return {}; }

  bool ok() const noexcept { return rep_ == nullptr; }
  StatusCode code() const noexcept { return ok() ? StatusCode::kOk : rep_->code; }
  std::string_view message() const noexcept { return ok() ? std::string_view() : rep_->message; }

  /// The same failure with `context` put before its message: "open part 17: checksum mismatch".
  /// Called on the way up, once per layer that knows something the layer below did not.
  Status WithContext(std::string_view context) const;

  std::string ToString() const;

 private:
  struct Rep {
    StatusCode code;
    std::string message;
  };

  std::shared_ptr<const Rep> rep_;
};

/// A `T`, or the Status that says why there is none.
///
/// Member names follow C++23's `std::expected<T, Status>`, so that this class can become an alias
/// of it when the oldest supported compiler has it (GCC 12 has it in C++23 mode only).
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = Status;

  // Implicit on purpose: `return value;` and `return status;` both read naturally.
  Result(T value) : rep_(std::in_place_index<0>, std::move(value)) {}       // NOLINT
  Result(Status error) : rep_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool has_value() const noexcept { return rep_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value. Requires has_value().
  T& operator*() & { return *std::get_if<0>(&rep_); }
  const T& operator*() const& { return *std::get_if<0>(&rep_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&rep_)); }
  T* operator->() { return std::get_if<0>(&rep_); }
  const T* operator->() const { return std::get_if<0>(&rep_); }

  /// The failure. Requires !has_value().
  const Status& error() const { return *std::get_if<1>(&rep_); }

 private:
  std::variant<T, Status> rep_;
};

}  // namespace stria

/// Returns from the enclosing function if `expr`, a Status, is a failure.
#define STRIA_RETURN_IF_ERROR(expr)                                                     \
  do {                                                                                  \
    if (::stria::Status stria_status = (expr); !stria_status.ok()) return stria_status; \
  } while (false)

#define STRIA_CONCAT_INNER(a, b) a##b
#define STRIA_CONCAT(a, b) STRIA_CONCAT_INNER(a, b)

/// Evaluates `expr`, a Result<T>; returns its error, or moves its value into `lhs`.
#define STRIA_ASSIGN_OR_RETURN(lhs, expr) \
  STRIA_ASSIGN_OR_RETURN_IMPL(STRIA_CONCAT(stria_result_, __LINE__), lhs, expr)
#define STRIA_ASSIGN_OR_RETURN_IMPL(result, lhs, expr) \
  auto result = (expr);                                \
  if (!result.has_value()) return result.error();      \
  lhs = *std::move(result)
