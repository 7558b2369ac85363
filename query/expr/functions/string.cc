// lower, upper, length, concat, trim, substr, starts_with, strpos, replace.

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "query/expr/cast.h"
#include "query/expr/functions/families.h"
#include "query/expr/functions/row_loop.h"
#include "storage/base/errors.h"

namespace stria::query {
namespace {

using enum DataType;
using Args = std::span<const Column>;

// Strings that a function makes, one after the other; views are taken when all are there.
class StringBuilder {
 public:
  explicit StringBuilder(uint32_t num_rows) { ends_.reserve(num_rows); }

  std::string& text() { return *text_; }
  void FinishRow() { ends_.push_back(text_->size()); }

  void Build(Column& result) {
    result.strings.resize(ends_.size());
    size_t begin = 0;
    for (size_t row = 0; row < ends_.size(); ++row) {
      result.strings[row] = std::string_view(*text_).substr(begin, ends_[row] - begin);
      begin = ends_[row];
    }
    result.keep_alive = text_;
  }

 private:
  std::shared_ptr<std::string> text_ = std::make_shared<std::string>();
  std::vector<size_t> ends_;
};

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Characters, not bytes; stray continuation bytes count with what is before them.
int64_t CountCharacters(std::string_view text) {
  int64_t count = 0;
  for (const char c : text)
    count += IsContinuation(c) ? 0 : 1;
  return count;
}

// The byte offset of character `index`, or the size.
size_t OffsetOf(std::string_view text, int64_t index) {
  int64_t seen = 0;
  for (size_t offset = 0; offset < text.size(); ++offset) {
    if (IsContinuation(text[offset])) continue;
    if (seen == index) return offset;
    ++seen;
  }
  return text.size();
}

// Maps ASCII letters; other characters stay as they are.
template <char kFirst, char kLast, int kShift>
Status MapLetters(Args args, uint32_t num_rows, Column& result) {
  const PlainView view(args[0], num_rows);
  const PlainView* const views[] = {&view};
  if (!PrepareResult(views, num_rows, result)) return Status::Ok();
  StringBuilder builder(num_rows);
  for (uint32_t row = 0; row < num_rows; ++row) {
    if (view.IsValid(row)) {
      for (const char c : view.String(row))
        builder.text() += c >= kFirst && c <= kLast ? static_cast<char>(c + kShift) : c;
    }
    builder.FinishRow();
  }
  builder.Build(result);
  return Status::Ok();
}

Status Length(Args args, uint32_t num_rows, Column& result) {
  const PlainView view(args[0], num_rows);
  const PlainView* const views[] = {&view};
  return ForEachValidRow(views, num_rows, result, [&](uint32_t row) {
    result.bits[row] = static_cast<uint64_t>(CountCharacters(view.String(row)));
    return Status::Ok();
  });
}

// Unlike the operator ||, concat() takes NULL for nothing.
Status Concat(Args args, uint32_t num_rows, Column& result) {
  StringBuilder builder(num_rows);
  std::vector<std::unique_ptr<PlainView>> views;
  for (const auto& arg : args)
    views.push_back(std::make_unique<PlainView>(arg, num_rows));
  for (uint32_t row = 0; row < num_rows; ++row) {
    for (const auto& view : views) {
      if (view->IsValid(row)) builder.text() += view->String(row);
    }
    builder.FinishRow();
  }
  builder.Build(result);
  return Status::Ok();
}

enum class Side : uint8_t { kBoth, kLeft, kRight };

template <Side kSide>
Status Trim(Args args, uint32_t num_rows, Column& result) {
  const PlainView view(args[0], num_rows);
  const PlainView* const views[] = {&view};
  // The views go on pointing into the argument, constants included.
  result.keep_alive = args[0].keep_alive;
  if (args[0].form == Column::Form::kConstant) {
    const auto text = std::make_shared<const std::string>(
        view.all_null() ? std::string() : std::string(view.String(0)));
    Column owned = Column::FlatNulls(kString, 1);
    owned.strings[0] = *text;
    owned.validity[0] = view.all_null() ? 0 : 1;
    owned.keep_alive = text;
    Column trimmed;
    trimmed.type = kString;
    STRIA_RETURN_IF_ERROR(Trim<kSide>({&owned, 1}, 1, trimmed));
    result = Column::Constant(trimmed.ValueAt(0), kString);
    return Status::Ok();
  }
  return ForEachValidRow(views, num_rows, result, [&](uint32_t row) {
    std::string_view text = view.String(row);
    if (kSide != Side::kRight) {
      const size_t begin = text.find_first_not_of(' ');
      text.remove_prefix(begin == std::string_view::npos ? text.size() : begin);
    }
    if (kSide != Side::kLeft) {
      const size_t end = text.find_last_not_of(' ');
      text = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
    }
    result.strings[row] = text;
    return Status::Ok();
  });
}

// substr(text, from[, count]): characters from position `from`, which counts from 1; positions
// before the first one use up the count, as in PostgreSQL.
Status Substring(Args args, uint32_t num_rows, Column& result) {
  const PlainView text(args[0], num_rows);
  const PlainView from(args[1], num_rows);
  const PlainView count(args.size() > 2 ? args[2] : args[1], num_rows);
  const PlainView* const views[] = {&text, &from, &count};
  if (!PrepareResult(views, num_rows, result)) return Status::Ok();
  StringBuilder builder(num_rows);
  for (uint32_t row = 0; row < num_rows; ++row) {
    if (text.IsValid(row) && from.IsValid(row) && count.IsValid(row)) {
      const std::string_view value = text.String(row);
      const auto first = static_cast<int64_t>(from.Word(row));
      int64_t end = std::numeric_limits<int64_t>::max();
      if (args.size() > 2) {
        const auto length = static_cast<int64_t>(count.Word(row));
        if (length < 0) return InvalidArgument("substr: negative length {}", length);
        if (__builtin_add_overflow(first, length, &end)) end = std::numeric_limits<int64_t>::max();
      }
      const size_t begin_offset = OffsetOf(value, std::max<int64_t>(first, 1) - 1);
      const size_t end_offset = end <= 1 ? 0 : OffsetOf(value, end - 1);
      if (end_offset > begin_offset) {
        builder.text() += value.substr(begin_offset, end_offset - begin_offset);
      }
    }
    builder.FinishRow();
  }
  builder.Build(result);
  return Status::Ok();
}

template <typename Apply>
Status OfTwoStrings(Args args, uint32_t num_rows, Column& result, Apply apply) {
  const PlainView left(args[0], num_rows);
  const PlainView right(args[1], num_rows);
  const PlainView* const views[] = {&left, &right};
  return ForEachValidRow(views, num_rows, result, [&](uint32_t row) {
    result.bits[row] = apply(left.String(row), right.String(row));
    return Status::Ok();
  });
}

Status StartsWith(Args args, uint32_t num_rows, Column& result) {
  return OfTwoStrings(args, num_rows, result, [](std::string_view text, std::string_view prefix) {
    return uint64_t{text.starts_with(prefix) ? 1U : 0U};
  });
}

Status Position(Args args, uint32_t num_rows, Column& result) {
  return OfTwoStrings(args, num_rows, result, [](std::string_view text, std::string_view part) {
    const size_t offset = text.find(part);
    if (offset == std::string_view::npos) return uint64_t{0};
    return static_cast<uint64_t>(CountCharacters(text.substr(0, offset)) + 1);
  });
}

Status Replace(Args args, uint32_t num_rows, Column& result) {
  const PlainView text(args[0], num_rows);
  const PlainView from(args[1], num_rows);
  const PlainView to(args[2], num_rows);
  const PlainView* const views[] = {&text, &from, &to};
  if (!PrepareResult(views, num_rows, result)) return Status::Ok();
  StringBuilder builder(num_rows);
  for (uint32_t row = 0; row < num_rows; ++row) {
    if (text.IsValid(row) && from.IsValid(row) && to.IsValid(row)) {
      std::string_view rest = text.String(row);
      const std::string_view part = from.String(row);
      for (size_t at = part.empty() ? std::string_view::npos : rest.find(part);
           at != std::string_view::npos; at = rest.find(part)) {
        builder.text().append(rest.substr(0, at)).append(to.String(row));
        rest.remove_prefix(at + part.size());
      }
      builder.text() += rest;
    }
    builder.FinishRow();
  }
  builder.Build(result);
  return Status::Ok();
}

}  // namespace

void AddStringFunctions(std::vector<FunctionDef>& functions) {
  const auto add = [&](std::string name, std::vector<DataType> args, DataType result,
                       std::string doc, FunctionImpl impl, bool variadic = false) {
    functions.push_back({.name = std::move(name),
                         .args = std::move(args),
                         .variadic = variadic,
                         .result = result,
                         .doc = std::move(doc),
                         .impl = impl});
  };
  add("lower", {kString}, kString, "The text with ASCII letters in lower case.",
      MapLetters<'A', 'Z', 'a' - 'A'>);
  add("upper", {kString}, kString, "The text with ASCII letters in upper case.",
      MapLetters<'a', 'z', 'A' - 'a'>);
  add("length", {kString}, kInt64, "The number of characters.", Length);
  add("concat", {kString}, kString, "The arguments one after the other; NULL counts as nothing.",
      Concat, true);
  add("trim", {kString}, kString, "The text without blanks at both ends.", Trim<Side::kBoth>);
  add("ltrim", {kString}, kString, "The text without blanks at its beginning.", Trim<Side::kLeft>);
  add("rtrim", {kString}, kString, "The text without blanks at its end.", Trim<Side::kRight>);
  add("substr", {kString, kInt64}, kString, "The characters from a position, counted from 1, on.",
      Substring);
  add("substr", {kString, kInt64, kInt64}, kString,
      "So many characters from a position, counted from 1, on.", Substring);
  add("starts_with", {kString, kString}, kBool, "Whether the first text begins with the second.",
      StartsWith);
  add("strpos", {kString, kString}, kInt64,
      "Where the second text first stands in the first, counted from 1; 0 if nowhere.", Position);
  add("replace", {kString, kString, kString}, kString,
      "The first text with each occurrence of the second replaced by the third.", Replace);
}

}  // namespace stria::query
