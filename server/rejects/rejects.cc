#include "server/rejects/rejects.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "ingest/line_protocol.h"
#include "storage/base/log.h"

namespace stria::server {
namespace {

constexpr int64_t kPersistAfterNs = 1'000'000'000;
constexpr size_t kMaxLinesAWrite = 1000;  // All that are refused again must be named by offset.

// Whether one write can hold both: what a line means depends on these.
bool BelongTogether(const RejectedLine& a, const RejectedLine& b) {
  return a.database == b.database && a.precision == b.precision && a.time_ns == b.time_ns;
}

// Writes lines that belong together; appends the ids of those that are stored now.
Status WriteAgain(storage::Engine& engine, std::span<const RejectedLine> lines,
                  std::set<uint64_t>& stored) {
  const auto body = std::make_shared<std::string>();
  std::vector<size_t> offsets;
  for (const auto& line : lines) {
    offsets.push_back(body->size());
    *body += line.line;
    *body += '\n';
  }
  auto decoded = ingest::DecodeLineProtocol(
      *body, {.precision = lines.front().precision, .default_time_ns = lines.front().time_ns});
  STRIA_RETURN_IF_ERROR(decoded.status);
  std::set<size_t> refused;
  for (const auto& error : decoded.errors)
    refused.insert(error.line_offset);
  if (decoded.num_rows > 0) {
    const auto result = engine.Write({.database = lines.front().database,
                                      .batches = std::move(decoded.batches),
                                      .keep_alive = body,
                                      .sync = true});
    STRIA_RETURN_IF_ERROR(result.status);
    for (const auto& rejection : result.rejections)
      refused.insert(rejection.line_offset);
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!refused.contains(offsets[i])) stored.insert(lines[i].id);
  }
  return Status::Ok();
}

}  // namespace

void Rejects::Add(std::vector<RejectedLine> lines) {
  if (lines.empty() || !log_.Add(std::move(lines)) || is_persist_due_.exchange(true)) return;
  executor_.PostAfter(Lane::kBackground, kPersistAfterNs, [this] {
    is_persist_due_.store(false);
    Persist();
  });
}

ReplayResult Rejects::Replay(std::string_view database, std::string_view table) {
  ReplayResult result;
  const auto lines = log_.List(database, table);
  std::set<uint64_t> stored;
  for (size_t begin = 0; begin < lines.size() && result.status.ok();) {
    size_t end = begin + 1;
    while (end < lines.size() && end - begin < kMaxLinesAWrite &&
           BelongTogether(lines[begin], lines[end])) {
      ++end;
    }
    result.status = WriteAgain(engine_, std::span(lines).subspan(begin, end - begin), stored);
    begin = end;
  }
  result.replayed = stored.size();
  result.rejected = lines.size() - stored.size();
  log_.Remove(stored);
  Persist();
  return result;
}

uint64_t Rejects::Drop(std::string_view database, std::string_view table) {
  std::set<uint64_t> ids;
  for (const auto& line : log_.List(database, table))
    ids.insert(line.id);
  log_.Remove(ids);
  Persist();
  return ids.size();
}

void Rejects::Persist() {
  const Status status = log_.Persist();
  if (status.ok() == !has_failed_.exchange(!status.ok())) return;
  if (status.ok()) {
    Log(LogLevel::kInfo, "rejected lines are written to the disk again");
  } else {
    Log(LogLevel::kWarning, "rejected lines stay in memory only",
        {{"reason", std::string(status.message())}});
  }
}

}  // namespace stria::server
