#include "storage/base/error_codes.h"

#include <algorithm>

namespace stria {
namespace {

constexpr ErrorCodeDef kCodes[] = {
    {"parse", 400,
     "The text is not a statement, or a line is not line protocol; the position says where it went "
     "wrong."},
    {"unknown_database", 404,
     "There is no database of that name; a write creates it, or CREATE DATABASE does."},
    {"unknown_table", 404,
     "There is no table of that name in the database; the first write creates it."},
    {"unknown_column", 400,
     "The table has no column of that name; DESCRIBE lists those that it has."},
    {"type_conflict", 400,
     "A value's type is not that of its column; the other lines of the request are stored."},
    {"invalid_argument", 400,
     "A parameter, setting or argument cannot be what it is; the message says what is allowed."},
    {"out_of_range", 400, "A number or time does not fit its type."},
    {"too_large", 413, "The body is larger than one request may be; send it in pieces."},
    {"series_limit", 422,
     "The table has as many series as it may; known series go on. The message names the tag that "
     "grew."},
    {"column_limit", 422,
     "The table has as many columns as it may; the message names the column that would be one "
     "more."},
    {"resource_exhausted", 503,
     "A limit of the server was reached; ask for less, or try again later."},
    {"memory_limit", 503,
     "The query needs more memory than it may use; narrow its range or raise the limit."},
    {"timeout", 504, "The query took longer than it may; narrow its range or raise the limit."},
    {"cancelled", 499, "The query was cancelled."},
    {"disk_full", 503,
     "The disk is full: reads go on, and writes go on by themselves when there is space again."},
    {"overloaded", 503, "The server has more work than it can take; send the request again later."},
    {"unauthorized", 401, "The request has no valid credentials."},
    {"forbidden", 403, "The credentials do not permit this."},
    {"cold_unavailable", 503, "The object store with a part of the answer does not answer."},
    {"corrupt_part", 500,
     "Stored bytes fail their checksum; the message names the file. Restore it from a backup."},
    {"read_only", 503,
     "The log failed and takes no more writes; reads go on. Check the disk and restart."},
    {"not_ready", 503, "The server is starting; try again in a moment."},
};

}  // namespace

std::span<const ErrorCodeDef> AllErrorCodes() {
  return kCodes;
}

const ErrorCodeDef& FindErrorCode(std::string_view code) {
  const auto* found = std::ranges::find(kCodes, code, &ErrorCodeDef::code);
  return found == std::end(kCodes) ? FindErrorCode("corrupt_part") : *found;
}

std::string_view ApiCodeOf(StatusCode code) {
  switch (code) {
    case StatusCode::kInvalidArgument: return "invalid_argument";
    case StatusCode::kNotFound: return "unknown_database";
    case StatusCode::kAlreadyExists: return "invalid_argument";
    case StatusCode::kCorruption: return "corrupt_part";
    case StatusCode::kIoError: return "read_only";
    case StatusCode::kUnavailable: return "overloaded";
    case StatusCode::kResourceExhausted: return "resource_exhausted";
    case StatusCode::kCancelled: return "cancelled";
    case StatusCode::kDeadlineExceeded: return "timeout";
    case StatusCode::kPermissionDenied: return "forbidden";
    case StatusCode::kUnimplemented: return "invalid_argument";
    case StatusCode::kDiskFull: return "disk_full";
    case StatusCode::kOutOfRange: return "out_of_range";
    case StatusCode::kOk: break;
  }
  return "invalid_argument";
}

}  // namespace stria
