#include "storage/engine/compactor.h"

#include <algorithm>
#include <utility>

namespace stria::storage {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kLookNs = kSecond;
constexpr int64_t kDayNs = 86'400 * kSecond;
// Pauses that are shorter are put together: what a write of a slice takes is not worth a timer.
constexpr int64_t kMinPauseNs = 5'000'000;

// Of a busy table, so that each row is rewritten a few times at most.
constexpr CompactionPolicy kBusyPolicy = {};
// Of a table to which nothing was added for a while: as few parts as are worth their rewriting.
constexpr CompactionPolicy kIdlePolicy = {.min_parts = 2, .min_percent = 10, .takes_single = true};
// Of whoever asks: as few parts as can be.
constexpr CompactionPolicy kFullPolicy = {.min_parts = 2, .min_percent = 0, .takes_single = true};

}  // namespace

void Compactor::Start() {
  watched_.resize(core_.shards.size());
  core_.PostAfter(Lane::kCompaction, kLookNs, [this] {
    Look();
    Start();
  });
}

// Begins to work, unless that goes on since the look before.
void Compactor::Look() {
  uint64_t ticket = 0;
  {
    const MutexLock lock(mutex_);
    if (active_) return;
    active_ = true;
    ticket = ++ticket_;
  }
  Slice(ticket);
}

void Compactor::Wake() {
  const MutexLock lock(mutex_);
  active_ = true;
  Schedule(++ticket_, 0);
}

void Compactor::Schedule(uint64_t ticket, int64_t delay_ns) {
  const auto slice = [this, ticket] { Slice(ticket); };
  if (delay_ns > 0) {
    core_.PostAfter(Lane::kCompaction, delay_ns, slice);
  } else {
    core_.Post(Lane::kCompaction, slice);
  }
}

Status Compactor::CompactAll() {
  if (core_.closed()) return core_.Refusal();
  const auto request = std::make_shared<Request>();
  {
    const MutexLock lock(mutex_);
    requests_.push_back(request);
  }
  Wake();
  core_.env.executor->WaitUntil([&] { return request->done.load(std::memory_order_acquire); });
  return request->status;
}

void Compactor::Slice(uint64_t ticket) {
  {
    const MutexLock lock(mutex_);
    if (ticket != ticket_) return;
  }
  const bool more = Work();
  const int64_t pause_ns = more && request_ == nullptr ? PauseNs() : 0;
  const MutexLock lock(mutex_);
  if (ticket != ticket_) return;  // Somebody asked meanwhile, and a slice is posted.
  if (more) {
    Schedule(ticket, requests_.empty() ? pause_ns : 0);
  } else {
    active_ = false;
  }
}

// Does a piece of what is to be done; false when there is nothing.
bool Compactor::Work() {
  if (core_.closed()) {
    current_ = nullptr;
    while (request_ != nullptr || BeginRequested())
      EndRequest(core_.Refusal());
    return false;
  }
  if (current_ != nullptr) {
    StepCurrent();
    return true;
  }
  return BeginRequested() || BeginDue();
}

void Compactor::StepCurrent() {
  const auto more = current_->Step(request_ == nullptr ? damaged_ : request_->damaged);
  if (more && *more) return;
  if (more) {
    core_.num_compactions.fetch_add(current_->num_merged(), std::memory_order_relaxed);
    EndCurrent();
    return;
  }
  const Status status =
      more.error().WithContext(fmt::format("compaction of shard {}", current_shard_->number()));
  current_ = nullptr;
  if (request_ != nullptr) return EndRequest(status);
  failure_ = status;
  next_shard_ = core_.shards.size();  // Tried again at the next look.
}

// The tables are as idle as they were: what has changed in them is what was done here.
void Compactor::EndCurrent() {
  auto& tables = watched_[current_shard_->number()].tables;
  const auto version = current_shard_->version();
  for (const TableId id : current_->tables()) {
    const auto watched = tables.find(id);
    const auto parts = version->tables.find(id);
    if (watched == tables.end() || parts == version->tables.end()) continue;
    watched->second.parts = parts->second;
    watched->second.seen_busy = watched->second.seen_idle = false;
  }
  current_ = nullptr;
  counted_bytes_ = 0;
}

// Begins the next compaction of somebody who waits; false when nobody does.
bool Compactor::BeginRequested() {
  while (true) {
    if (request_ == nullptr) {
      const MutexLock lock(mutex_);
      if (requests_.empty()) return false;
      request_ = std::move(requests_.front());
      requests_.pop_front();
    }
    if (core_.closed()) return true;
    const auto tables = core_.catalog.current()->Tables();
    for (; request_->shard < core_.shards.size(); ++request_->shard) {
      current_shard_ = core_.shards[request_->shard].get();
      current_ = ShardCompaction::Pick(*current_shard_, tables, kFullPolicy, request_->damaged);
      if (current_ != nullptr) return true;
    }
    const auto& damaged = request_->damaged;
    EndRequest(damaged.empty() ? Status::Ok() : damaged.begin()->second);
  }
}

void Compactor::EndRequest(const Status& status) {
  request_->status = status;
  request_->done.store(true, std::memory_order_release);  // Pairs with the wait in CompactAll().
  request_ = nullptr;
  core_.env.executor->Notify();
}

// Begins the next compaction that is due; false at the end of the look.
bool Compactor::BeginDue() {
  for (; next_shard_ < core_.shards.size(); ++next_shard_) {
    Shard& shard = *core_.shards[next_shard_];
    if (shard.manifest_failed()) {
      failure_ = core_.Refusal();
      continue;
    }
    if (BeginDueIn(shard)) return true;
  }
  if (failure_.ok() && !damaged_.empty()) failure_ = damaged_.begin()->second;
  core_.Report(HealthComponent::kCompaction, "parts stay as they are", failure_);
  next_shard_ = 0;
  failure_ = Status::Ok();
  damaged_.clear();
  return false;
}

// Notes which tables have changed since the last look.
void Compactor::Watch(Shard& shard) {
  const int64_t now_ns = core_.env.clock->MonotonicNs();
  WatchedShard& watched = watched_[shard.number()];
  const auto version = shard.version();
  for (const auto& [id, parts] : version->tables) {
    WatchedTable& table = watched.tables[id];
    if (table.parts != parts) table = {.parts = parts, .since_ns = now_ns};
    if (const auto found = damaged_.find(id); found != damaged_.end()) {
      table.damage = found->second;
    } else if (!table.damage.ok()) {
      damaged_.emplace(id, table.damage);
    }
  }
  std::erase_if(watched.tables,
                [&](const auto& entry) { return !version->tables.contains(entry.first); });
  if (watched.marked_ns == 0 || now_ns - watched.marked_ns >= kDayNs) {
    watched.settled_seq = watched.mark_seq;
    watched.mark_seq = version->wal_low - 1;
    watched.marked_ns = now_ns;
    for (auto& [id, table] : watched.tables)
      table.seen_busy = table.seen_idle = false;
  }
}

bool Compactor::BeginDueIn(Shard& shard) {
  Watch(shard);
  const int64_t now_ns = core_.env.clock->MonotonicNs();
  const auto catalog = core_.catalog.current();
  WatchedShard& watched = watched_[shard.number()];
  const auto begin = [&](CompactionPolicy policy, bool WatchedTable::*seen, const auto& is_due) {
    std::vector<TableSchemaPtr> due;
    for (auto& [id, table] : watched.tables) {
      const auto schema = catalog->Find(id);
      if (schema != nullptr && table.damage.ok() && !(table.*seen) && is_due(table))
        due.push_back(schema);
    }
    policy.settled_seq = watched.settled_seq;
    current_shard_ = &shard;
    current_ = ShardCompaction::Pick(shard, due, policy, damaged_);
    // Those of which nothing was picked need not be looked at again before they change.
    for (const auto& schema : due)
      watched.tables[schema->id].*seen = true;
    if (current_ == nullptr) return false;
    for (const TableId id : current_->tables())
      watched.tables[id].*seen = false;
    return true;
  };
  if (begin(kBusyPolicy, &WatchedTable::seen_busy,
            [](const WatchedTable& table) { return table.parts->parts.size() > 1; })) {
    return true;
  }
  // Half of the time to wait, half to do it in.
  return begin(kIdlePolicy, &WatchedTable::seen_idle, [&](const WatchedTable& table) {
    return now_ns - table.since_ns >= core_.options.compact_after_ns / 2;
  });
}

// How long to wait before the next slice, so that what was written is within the budget.
int64_t Compactor::PauseNs() {
  if (current_ == nullptr) return 0;
  const uint64_t bytes = current_->bytes();
  const uint64_t num_new = bytes - std::min(bytes, counted_bytes_);
  counted_bytes_ = bytes;
  const int64_t now_ns = core_.env.clock->MonotonicNs();
  budget_ns_ = std::max(budget_ns_, now_ns) +
               static_cast<int64_t>(static_cast<double>(num_new) * 1e9 /
                                    static_cast<double>(core_.options.compaction_bytes_per_second));
  const int64_t pause_ns = budget_ns_ - now_ns;
  return pause_ns >= kMinPauseNs ? pause_ns : 0;
}

}  // namespace stria::storage
