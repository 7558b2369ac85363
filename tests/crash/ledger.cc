#include "tests/crash/ledger.h"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "storage/base/errors.h"

namespace stria::storage {
namespace {

constexpr size_t kMaxUncertain = 6;

std::string Text(const SeriesTags& series) {
  std::string text = fmt::format("h={}", series.h);
  if (series.k >= 0) text += fmt::format(",k={}", series.k);
  if (series.z >= 0) text += fmt::format(",z={}", series.z);
  return text;
}

std::string Text(const RowValues& values) {
  std::string text;
  for (size_t field = 0; field < kNumFields; ++field) {
    if (values[field] != kNoValue)
      text += fmt::format(" {}={}", kLedgerFields[field], values[field]);
  }
  return text.empty() ? " nothing" : text;
}

void Perform(const Operation& operation, LedgerTables& tables) {
  switch (operation.kind) {
    case OperationKind::kWrite:
      for (const LedgerRow& row : operation.rows) {
        auto [at, added] = tables[row.table].emplace(row.at, row.values);
        for (size_t field = 0; field < kNumFields; ++field) {
          if (row.values[field] != kNoValue) at->second[field] = row.values[field];
        }
      }
      break;
    case OperationKind::kDelete:
      std::erase_if(tables[operation.table],
                    [&](const auto& row) { return operation.choice.Contains(row.first); });
      break;
    case OperationKind::kDropTable: tables[operation.table].clear(); break;
    case OperationKind::kDropColumn:
      for (auto& [at, values] : tables[operation.table])
        values[operation.field] = kNoValue;
      break;
  }
}

}  // namespace

bool RowChoice::Contains(const RowAt& at) const {
  return time.Contains(at.time) && (!h.has_value() || at.series.h == *h) &&
         (!not_h.has_value() || at.series.h != *not_h) && (!only_without_k || at.series.k < 0);
}

std::vector<TagPredicate> RowChoice::Predicates() const {
  std::vector<TagPredicate> tags;
  const auto add = [&](const char* tag, TagOp op, std::vector<std::string> values) {
    auto& predicate = tags.emplace_back();
    predicate.tag = tag;
    predicate.op = op;
    predicate.values = std::move(values);
  };
  if (h.has_value()) add("h", TagOp::kIn, {std::to_string(*h)});
  if (not_h.has_value()) add("h", TagOp::kNotIn, {std::to_string(*not_h)});
  if (only_without_k) add("k", TagOp::kIsNull, {});
  return tags;
}

std::string RowChoice::ToString() const {
  std::string text = fmt::format("[{}, {})", time.begin, time.end);
  if (h.has_value()) text += fmt::format(" h={}", *h);
  if (not_h.has_value()) text += fmt::format(" h!={}", *not_h);
  if (only_without_k) text += " k is null";
  return text;
}

Operation& Ledger::Send(Operation operation) {
  operation.number = next_number_++;
  return operations_.emplace_back(std::move(operation));
}

void Ledger::Hear(Operation& operation, Answer answer) {
  operation.answer = answer;
  num_acknowledged_ += answer == Answer::kAcknowledged ? 1U : 0U;
}

Status Ledger::TakeMarkers(std::span<const FoundMarker> found, uint64_t first, Look look) {
  std::map<uint64_t, int32_t> num_found;
  for (const auto& marker : found) {
    if (marker.number >= next_number_ || marker.index < 0 || marker.index >= num_markers_ ||
        marker.value != static_cast<int64_t>(marker.number)) {
      return Corruption("nobody sent the marker {} of batch {} with the value {}", marker.index,
                        marker.number, marker.value);
    }
    ++num_found[marker.number];
  }
  for (const auto& [number, count] : num_found) {
    if (count != num_markers_) {
      return Corruption("batch {}: {} of its {} markers are there", number, count, num_markers_);
    }
    if (number < first_unsettled_ && !settled_writes_.contains(number)) {
      return Corruption("batch {} was not there before, and now it is", number);
    }
  }
  if (first == 0) {
    for (const uint64_t number : settled_writes_) {
      if (!num_found.contains(number)) {
        return Corruption("batch {} was there before, and now it is not", number);
      }
    }
  }
  for (Operation& operation : operations_) {
    if (operation.kind != OperationKind::kWrite) continue;
    const bool there = num_found.contains(operation.number);
    const bool must_be = operation.answer == Answer::kAcknowledged || operation.seen ||
                         (look == Look::kQuiet && operation.answer == Answer::kQueued);
    const bool must_not_be = operation.answer == Answer::kRefused ||
                             (look != Look::kRestarted && (operation.answer == Answer::kNone ||
                                                           operation.answer == Answer::kFailed));
    if (must_be && !there) {
      return Corruption("batch {} was {} and is not there", operation.number,
                        operation.answer == Answer::kAcknowledged ? "acknowledged" : "seen");
    }
    if (must_not_be && there) {
      return Corruption("batch {} was {} and is there", operation.number,
                        operation.answer == Answer::kNone ? "not yet answered" : "refused or void");
    }
    operation.seen = there;
  }
  return Status::Ok();
}

std::vector<LedgerTables> Ledger::Possibilities(Look look) const {
  const auto is_certain = [look](const Operation& operation) {
    switch (operation.answer) {
      case Answer::kAcknowledged:
      case Answer::kRefused: return true;
      case Answer::kNone: return look != Look::kRestarted;
      // A delete that is not in the log is not seen; a drop may be in the catalog.
      default: return look != Look::kRestarted && operation.kind == OperationKind::kDelete;
    }
  };
  std::vector<LedgerTables> possible = {settled_};
  size_t num_uncertain = 0;
  for (const Operation& operation : operations_) {
    if (operation.kind == OperationKind::kWrite) {
      if (!operation.seen) continue;
    } else if (is_certain(operation) || num_uncertain == kMaxUncertain) {
      if (operation.answer != Answer::kAcknowledged) continue;
    } else {
      ++num_uncertain;
      std::vector<LedgerTables> performed = possible;
      for (auto& tables : performed)
        Perform(operation, tables);
      std::ranges::move(performed, std::back_inserter(possible));
      continue;
    }
    for (auto& tables : possible)
      Perform(operation, tables);
  }
  return possible;
}

void Ledger::Settle(LedgerTables tables) {
  settled_ = std::move(tables);
  for (const Operation& operation : operations_) {
    if (operation.seen) settled_writes_.insert(operation.number);
  }
  operations_.clear();
  first_unsettled_ = next_number_;
}

Status CompareRows(const std::string& table, const LedgerRows& found, const LedgerRows& expected) {
  for (const auto& [at, values] : expected) {
    const auto there = found.find(at);
    if (there == found.end()) {
      return Corruption("{} {} {}: the row is missing, it should hold{}", table, Text(at.series),
                        at.time, Text(values));
    }
    if (there->second != values) {
      return Corruption("{} {} {}: holds{}, and should hold{}", table, Text(at.series), at.time,
                        Text(there->second), Text(values));
    }
  }
  if (found.size() == expected.size()) return Status::Ok();
  for (const auto& [at, values] : found) {
    if (!expected.contains(at)) {
      return Corruption("{} {} {}: nobody sent this row:{}", table, Text(at.series), at.time,
                        Text(values));
    }
  }
  return Status::Ok();
}

}  // namespace stria::storage
