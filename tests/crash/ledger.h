// What a client remembers of everything it asked an engine for, and what the tables may hold.
//
// The client writes batches, deletes and drops. Each batch has marker rows in a table of their own,
// spread over the shards, so that one look says which batches are there. An operation that was
// acknowledged is there; one that was refused is not; one without an answer is there whole or not
// at all, and stays what it was at the first look after a restart. The tables must hold exactly
// what the operations that are there leave, one after the other in the order in which they were
// sent.
//
// Values are numbers in all types, so that a row is a few integers and is compared at once.

#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/status.h"
#include "storage/types/predicate.h"
#include "storage/types/time_range.h"

namespace stria::storage {

inline constexpr const char* kMarkerTable = "mark";
inline constexpr size_t kNumLedgerTables = 4;
inline constexpr std::array kLedgerTables = {"t0", "t1", "t2", "t3"};
/// i, x1 .. x5 are integers, u unsigned, s text, f float, b bool. The later ones come late.
inline constexpr std::array kLedgerFields = {"i", "u", "s", "f", "b", "x1", "x2", "x3", "x4", "x5"};
inline constexpr size_t kBoolField = 4;
inline constexpr size_t kNumFields = kLedgerFields.size();
inline constexpr int64_t kNoValue = INT64_MIN;

/// The tags of a series: h always, k and z where they are not negative.
struct SeriesTags {
  int32_t h = 0, k = -1, z = -1;
  friend auto operator<=>(const SeriesTags&, const SeriesTags&) = default;
};
struct RowAt {
  SeriesTags series;
  int64_t time = 0;
  friend auto operator<=>(const RowAt&, const RowAt&) = default;
};
using RowValues = std::array<int64_t, kNumFields>;
using LedgerRows = std::map<RowAt, RowValues>;
/// All tables, by position in kLedgerTables.
using LedgerTables = std::array<LedgerRows, kNumLedgerTables>;

struct LedgerRow {
  size_t table = 0;
  RowAt at;
  RowValues values;
};

/// What part of a table a scan or a delete is about; by default all of it.
struct RowChoice {
  TimeRange time;
  std::optional<int32_t> h;      ///< only series with this tag
  std::optional<int32_t> not_h;  ///< only series without it
  bool only_without_k = false;
  bool Contains(const RowAt& at) const;
  std::vector<TagPredicate> Predicates() const;
  std::string ToString() const;
};

enum class OperationKind { kWrite, kDelete, kDropTable, kDropColumn };
enum class Answer {
  kNone,          ///< sent, and nothing heard
  kAcknowledged,  ///< there
  kQueued,        ///< answered ahead of the disk: there or not
  kRefused,       ///< not there
  kFailed,        ///< the disk failed: not there before a restart, and perhaps after it
};

struct Operation {
  OperationKind kind = OperationKind::kWrite;
  Answer answer = Answer::kNone;
  uint64_t number = 0;          ///< of all operations; the time of its markers
  std::vector<LedgerRow> rows;  ///< of a write
  size_t table = 0;             ///< of a delete or a drop
  RowChoice choice;             ///< of a delete
  size_t field = 0;             ///< of a drop of a column
  bool seen = false;            ///< of a write: its markers are there
};

/// A marker row that a scan found.
struct FoundMarker {
  uint64_t number = 0;
  int32_t index = 0;
  int64_t value = 0;
};

/// When the tables are looked at.
enum class Look {
  kRunning,    ///< beside an engine that goes on: what has no answer is not there
  kQuiet,      ///< the same, and nothing is under way any more, and nothing ever failed
  kRestarted,  ///< after a start: what has no answer is there or not, and is settled now
};

/// Thread safety: confined.
class Ledger {
 public:
  explicit Ledger(int32_t num_markers) : num_markers_(num_markers) {}

  int32_t num_markers() const { return num_markers_; }
  uint64_t next_number() const { return next_number_; }
  /// The number of the first operation that is not settled.
  uint64_t first_unsettled() const { return first_unsettled_; }
  size_t num_acknowledged() const { return num_acknowledged_; }

  /// Remembers an operation and gives it its number. Valid until it is settled.
  Operation& Send(Operation operation);
  void Hear(Operation& operation, Answer answer);

  /// Takes the markers of operations from `first` on, which is 0 or first_unsettled(), and decides
  /// which writes are there. Fails with kCorruption when a write is there in part, when one is
  /// missing that must be there, or there that must not be.
  Status TakeMarkers(std::span<const FoundMarker> found, uint64_t first, Look look);

  /// What the tables may hold, given the writes that TakeMarkers() saw: one possibility for each
  /// way in which deletes and drops without an answer may have ended.
  std::vector<LedgerTables> Possibilities(Look look) const;

  /// Takes `tables` for what is there from now on, whatever happened to the operations so far.
  void Settle(LedgerTables tables);

 private:
  const int32_t num_markers_;
  uint64_t next_number_ = 0;
  uint64_t first_unsettled_ = 0;
  size_t num_acknowledged_ = 0;
  std::deque<Operation> operations_;  // Not settled. Callbacks point into it.
  LedgerTables settled_;
  std::set<uint64_t> settled_writes_;  // Those that are there.
};

/// The first difference of `found` from `expected` in what `choice` is about, or kOk.
Status CompareRows(const std::string& table, const LedgerRows& found, const LedgerRows& expected);

}  // namespace stria::storage
