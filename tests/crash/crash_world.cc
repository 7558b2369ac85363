#include "tests/crash/crash_world.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <span>

#include <fmt/core.h>

#include "storage/base/errors.h"
#include "storage/base/kill_point.h"
#include "storage/base/log.h"
#include "tests/support/engine_rows.h"

namespace stria::storage {
namespace {

constexpr uint64_t kDiskBytes = 1ULL << 40;
constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kDay = 86'400 * kSecond;
constexpr uint64_t kNumTimes = 12;  // On each of two days.
constexpr size_t kMaxHeld = 3;

CrashWorld* the_world = nullptr;

std::string TagsText(const SeriesTags& series) {
  std::string text = ",h=" + std::to_string(series.h);
  if (series.k >= 0) text += ",k=" + std::to_string(series.k);
  if (series.z >= 0) text += ",z=" + std::to_string(series.z);
  return text;
}

std::string FieldText(size_t field, int64_t value) {
  const std::string number = std::to_string(value);
  switch (field) {
    case 1: return number + "u";
    case 2: return "\"text " + number + "\"";
    case 3: return number + ".5";
    case kBoolField: return value != 0 ? "true" : "false";
    default: return number + "i";
  }
}

void AppendLine(const LedgerRow& row, std::string& lines) {
  lines += kLedgerTables[row.table] + TagsText(row.at.series);
  char separator = ' ';
  for (size_t field = 0; field < kNumFields; ++field) {
    if (row.values[field] == kNoValue) continue;
    lines += separator;
    lines += kLedgerFields[field];
    lines += "=" + FieldText(field, row.values[field]);
    separator = ',';
  }
  lines += " " + std::to_string(row.at.time) + "\n";
}

}  // namespace

CrashWorld::CrashWorld(CrashWorldOptions options)
    : options_(options),
      random_(options.seed),
      bits_(options.seed + 1),
      files_(options.seed + 2),
      executor_(std::make_unique<SimulatedExecutor>(options.seed + 3, clock_)),
      ledger_(options.num_shards == 1 ? 2 : 6),
      traces_(std::getenv("STRIA_SIM_TRACE") != nullptr) {
  SetLogSink([](std::string_view) {});  // Of every failure that is made, a line.
  the_world = this;
  ObserveKillPoints(&OnKillPoint);
}

CrashWorld::~CrashWorld() {
  Close();
  ObserveKillPoints(nullptr);
  the_world = nullptr;
}

void CrashWorld::Trace(const std::string& line) const {
  if (traces_) fmt::print(stderr, "{}\n", line);
}

void CrashWorld::OnKillPoint(const char* name) {
  CrashWorld& world = *the_world;
  if (world.files_.failed()) return;
  world.Trace(name);
  world.steps_.Pass(name);
  if (world.armed_point_ != name || --world.armed_passes_ > 0) return;
  world.armed_point_.clear();
  if (world.armed_calls_ == 0) {
    world.files_.Die();
  } else {
    world.files_.FailAt(world.armed_calls_, StatusCode::kIoError, /*dies=*/true);
  }
}

Status CrashWorld::Open() {
  Trace("start");
  EngineOptions options;
  options.directory = "data";
  options.num_shards = options_.num_shards;
  // So small that a workload of a few dozen batches flushes, rolls, recycles and compacts.
  options.memtable_bytes = 6 << 10;
  options.wal_segment_bytes = 24 << 10;
  options.wal_bytes = 40 << 10;
  options.cache_bytes = 1 << 20;
  options.disk_reserve_bytes = 64 << 10;
  options.flush_after_ns = 20 * kSecond;
  const Env env{.files = &files_, .clock = &clock_, .random = &bits_, .executor = executor_.get()};
  STRIA_ASSIGN_OR_RETURN(engine_, Engine::Open(options, env));
  return Status::Ok();
}

void CrashWorld::Close() {
  held_.clear();
  engine_.reset();
}

void CrashWorld::DieIn(Step step) {
  const auto points = PointsOf(step);
  const StepPoint& point = points[random_() % points.size()];
  armed_point_ = point.kill_point;
  armed_passes_ = 1 + static_cast<uint32_t>(random_() % point.max_pass);
  armed_calls_ = random_() % 2 == 0 ? 0 : 1 + random_() % 6;
}

Step CrashWorld::DiedIn() const {
  return files_.failed() ? steps_.StepOf(files_.failed_call()) : Step::kIdle;
}

void CrashWorld::Restart() {
  Trace("dead: " + files_.failed_call());
  files_.Restart();
  steps_.Reset();
  armed_point_.clear();
}

void CrashWorld::Crash(FaultFileSystem::Unsynced unsynced) {
  Trace(fmt::format("power cut {}: {}", static_cast<int>(unsynced), files_.failed_call()));
  files_.Crash(unsynced);
  steps_.Reset();
  armed_point_.clear();
}

void CrashWorld::SqueezeDisk(uint64_t free_bytes) {
  const auto space = files_.Space("data");
  files_.SetCapacity(space->total_bytes - space->free_bytes + free_bytes);
  squeezed_ = true;
}

void CrashWorld::ReleaseDisk() {
  files_.SetCapacity(kDiskBytes);
  squeezed_ = false;
}

bool CrashWorld::IsExcused(const Status& status) const {
  return status.ok() ||
         ((files_.failed() || squeezed_) && status.code() != StatusCode::kCorruption);
}

void CrashWorld::Expect(const char* what, const Status& status) {
  if (complaint_.ok() && !IsExcused(status)) complaint_ = status.WithContext(what);
}

LedgerRow CrashWorld::MakeRow(uint64_t number, size_t position) {
  // Tables, tags, series and fields come one after the other.
  const auto some = [&](uint64_t most, uint64_t first, uint64_t batches_each) {
    return random_() % std::min<uint64_t>(most, first + number / batches_each);
  };
  LedgerRow row;
  row.table = some(kNumLedgerTables, 1, 12);
  row.at.series.h = static_cast<int32_t>(some(40, 4, 8));
  if (random_() % 3 == 0) row.at.series.k = static_cast<int32_t>(random_() % 2);
  if (number > 50 && random_() % 8 == 0) row.at.series.z = static_cast<int32_t>(some(9, 1, 40));
  row.at.time = static_cast<int64_t>(random_() % kNumTimes) * kSecond +
                static_cast<int64_t>(random_() % 2) * kDay;
  row.values.fill(kNoValue);
  const auto value = static_cast<int64_t>(number * 100 + position);
  for (uint64_t num_fields = 1 + random_() % 4; num_fields > 0; --num_fields) {
    const size_t field = some(kNumFields, 3, 8);
    row.values[field] = field == kBoolField ? value & 1 : value;
  }
  return row;
}

Operation CrashWorld::MakeBatch(std::string& lines) {
  Operation batch;
  const uint64_t number = ledger_.next_number();
  for (int32_t i = 0; i < ledger_.num_markers(); ++i) {
    lines += fmt::format("{},b={},i={},n={} v={}i {}\n", kMarkerTable, number % 4, i, number / 64,
                         number, number);
  }
  const size_t num_rows = random_() % 24 == 0 ? 40 + random_() % 50 : 1 + random_() % 8;
  for (size_t i = 0; i < num_rows; ++i) {
    batch.rows.push_back(MakeRow(number, i));
    AppendLine(batch.rows.back(), lines);
  }
  return batch;
}

void CrashWorld::Hear(Operation& operation, const Status& status, bool waited) {
  Trace(fmt::format("{} of kind {} on {} {}: {}", operation.number,
                    static_cast<int>(operation.kind), kLedgerTables[operation.table],
                    operation.choice.ToString(), status.ToString()));
  // Writes that are under way when their table is dropped are told so; later ones have no excuse.
  if (operation.number >= last_drop_ || status.code() != StatusCode::kUnavailable) {
    Expect("an operation on a disk that does not fail", status);
  }
  if (status.ok()) {
    ledger_.Hear(operation, waited ? Answer::kAcknowledged : Answer::kQueued);
  } else {
    ledger_.Hear(operation, status.code() == StatusCode::kIoError ? Answer::kFailed  //
                                                                  : Answer::kRefused);
  }
}

void CrashWorld::Submit() {
  std::string lines;
  Operation& batch = ledger_.Send(MakeBatch(lines));
  Trace(fmt::format("{} sent:\n{}", batch.number, lines));
  WriteRequest request = LinesRequest(lines);
  request.sync = !options_.trusts_queued && random_() % 10 != 0;
  const bool waits = request.sync || options_.trusts_queued;
  engine_->Submit(std::move(request), [this, &batch, waits](const WriteResult& result) {
    Hear(batch, result.status, waits);
  });
}

Status CrashWorld::WriteOne() {
  std::string lines;
  Operation& batch = ledger_.Send(MakeBatch(lines));
  const WriteResult result = engine_->Write(LinesRequest(lines));
  Hear(batch, result.status, /*waited=*/true);
  return result.status;
}

RowChoice CrashWorld::RandomChoice() {
  RowChoice choice;
  const auto time = [&] {
    return static_cast<int64_t>(random_() % (kNumTimes + 1)) * kSecond +
           static_cast<int64_t>(random_() % 2) * kDay;
  };
  const uint64_t kind = random_();
  if ((kind & 1) != 0) choice.time.begin = time();
  if ((kind & 2) != 0) choice.time.end = time();
  const auto h = static_cast<int32_t>(random_() % 12);
  if ((kind & 12) == 0) choice.h = h;
  if ((kind & 12) == 4) choice.not_h = h;
  choice.only_without_k = (kind & 48) == 0;
  return choice;
}

ReadForm CrashWorld::RandomForm() {
  ReadForm form;
  if (random_() % 4 == 0) return form;
  form.choice = RandomChoice();
  if (random_() % 3 == 0) form.fields = static_cast<uint32_t>(random_()) & form.fields;
  if (random_() % 5 == 0) {
    form.last_row_only = true;
  } else if (random_() % 2 == 0) {
    constexpr std::array<size_t, 4> kHintFields = {0, 1, 3, 5};
    constexpr std::array kOps = {CompareOp::kEq, CompareOp::kLt, CompareOp::kLe, CompareOp::kGt,
                                 CompareOp::kGe};
    const uint64_t back = random_() % (random_() % 2 == 0 ? 10 : 200);
    const uint64_t number = ledger_.next_number() - std::min(ledger_.next_number(), back);
    form.hint = {.field = kHintFields[random_() % kHintFields.size()],
                 .op = kOps[random_() % kOps.size()],
                 .value = static_cast<int64_t>(number * 100 + random_() % 4)};
  }
  return form;
}

Status CrashWorld::Act() {
  if (engine_ == nullptr) return Status::Ok();
  switch (random_() % 32) {
    case 0: Expect("flush", engine_->Flush()); break;
    case 1: Expect("compaction", engine_->Compact()); break;
    case 2: executor_->RunFor(static_cast<int64_t>(random_() % 30) * kSecond); break;
    case 3:
      if (random_() % 3 == 0) return StartAgain();
      break;
    case 4:
    case 5:
    case 6: Settle(); break;
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
      for (uint64_t num_tasks = random_() % 4; num_tasks > 0; --num_tasks)
        executor_->RunOne();
      break;
    case 12: return Read();
    case 13: return Hold();
    case 14: return ReleaseHeld(random_() % kMaxHeld);
    case 15: Delete(); break;
    case 16: Drop(); break;
    case 17:  // A group of many records, which may be torn anywhere.
      for (uint64_t num_batches = 5 + random_() % 20; num_batches > 0; --num_batches)
        Submit();
      break;
    default: Submit(); break;
  }
  return Status::Ok();
}

void CrashWorld::Provoke(Step step) {
  const auto is_over = [&] { return engine_ == nullptr || files_.failed(); };
  const int num_rounds = step == Step::kSnapshot ? 80 : step == Step::kRoll ? 30 : 6;
  for (int i = 0; i < num_rounds && !is_over(); ++i) {
    Submit();
    if (random_() % 4 != 0) Settle();
    if (is_over()) break;
    switch (step) {
      case Step::kFlush:
      case Step::kSnapshot:
      case Step::kCommit: static_cast<void>(engine_->Flush()); break;
      case Step::kCompaction:
        static_cast<void>(i < 2 ? engine_->Flush() : engine_->Compact());
        break;
      case Step::kDelete: Delete(); break;
      case Step::kDrop:
        Drop();
        if (!is_over() && i % 2 == 1) executor_->RunFor(2 * kSecond);
        break;
      default: break;
    }
  }
}

Status CrashWorld::Run(int num_actions) {
  static_cast<void>(Open());
  for (int i = 0; i < num_actions; ++i)
    STRIA_RETURN_IF_ERROR(Act());
  if (engine_ != nullptr) Settle();
  return ReleaseHeld(0);
}

// In order, while everything that has failed so far stays so. A start that fails is followed by the
// next one after the crash.
Status CrashWorld::StartAgain() {
  STRIA_RETURN_IF_ERROR(ReleaseHeld(0));
  Close();
  Status status = Open();
  if (status.ok()) status = Verify(Look::kRestarted);
  return IsExcused(status) ? Status::Ok() : status.WithContext("start in order");
}

void CrashWorld::Delete() {
  const size_t table = random_() % kNumLedgerTables;
  DeleteRequest request;
  request.table = engine_->FindTable("db", kLedgerTables[table]);
  if (request.table == nullptr) return;
  Operation operation;
  operation.kind = OperationKind::kDelete;
  operation.table = table;
  operation.choice = RandomChoice();
  request.time = operation.choice.time;
  request.tags = operation.choice.Predicates();
  Operation& sent = ledger_.Send(std::move(operation));
  Hear(sent, engine_->Delete(request), /*waited=*/true);
}

void CrashWorld::Drop() {
  Operation operation;
  operation.table = random_() % kNumLedgerTables;
  const auto schema = engine_->FindTable("db", kLedgerTables[operation.table]);
  if (schema == nullptr) return;
  operation.kind = OperationKind::kDropTable;
  if (random_() % 2 == 0) {
    operation.kind = OperationKind::kDropColumn;
    operation.field = random_() % kNumFields;
    if (schema->Find(kLedgerFields[operation.field]) == nullptr) return;
  }
  Operation& sent = ledger_.Send(std::move(operation));
  last_drop_ = sent.number;
  const char* table = kLedgerTables[sent.table];
  Hear(sent,
       sent.kind == OperationKind::kDropTable
           ? engine_->DropTable("db", table)
           : engine_->DropColumn("db", table, kLedgerFields[sent.field]),
       /*waited=*/true);
}

Status CrashWorld::Read() {
  const Status status = Verify(Look::kRunning);
  return IsExcused(status) ? Status::Ok() : status;
}

Status CrashWorld::Hold() {
  const auto hold = [&]() -> Status {
    STRIA_ASSIGN_OR_RETURN(const auto markers, ReadMarkers(*engine_, ledger_.first_unsettled()));
    STRIA_RETURN_IF_ERROR(ledger_.TakeMarkers(markers, ledger_.first_unsettled(), Look::kRunning));
    const ReadForm form = RandomForm();
    const size_t table = random_() % kNumLedgerTables;
    STRIA_ASSIGN_OR_RETURN(auto scan, HeldScan::Open(*engine_, table, form));
    Held held{.scan = std::move(scan), .expected = {}};
    for (const auto& tables : ledger_.Possibilities(Look::kRunning))
      held.expected.push_back(SeenBy(form, tables[table]));
    held_.push_back(std::move(held));
    return Status::Ok();
  };
  if (held_.size() >= kMaxHeld) return Status::Ok();
  const Status status = hold();
  return IsExcused(status) ? Status::Ok() : status.WithContext("while running");
}

Status CrashWorld::ReleaseHeld(size_t num_kept) {
  while (held_.size() > num_kept) {
    Held held = std::move(held_.front());
    held_.pop_front();
    const auto found = held.scan.Read();
    if (!found && IsExcused(found.error())) continue;
    if (!found) return found.error().WithContext("a scan that was held");
    Status status;
    for (const auto& expected : held.expected) {
      status = CompareRows(kLedgerTables[held.scan.table()], *found, expected);
      if (status.ok()) break;
    }
    STRIA_RETURN_IF_ERROR(
        status.WithContext("a scan that was held, " + held.scan.form().ToString()));
  }
  return Status::Ok();
}

Status CrashWorld::CompareTables(const std::vector<LedgerTables>& possible, Look look,
                                 LedgerTables& chosen) {
  std::vector<HeldScan> scans;
  for (size_t table = 0; table < kNumLedgerTables; ++table) {
    if (look == Look::kRestarted || random_() % 2 == 0) {
      STRIA_ASSIGN_OR_RETURN(auto scan, HeldScan::Open(*engine_, table, {}));
      scans.push_back(std::move(scan));
    }
    if (random_() % 2 == 0) {
      STRIA_ASSIGN_OR_RETURN(auto scan, HeldScan::Open(*engine_, table, RandomForm()));
      scans.push_back(std::move(scan));
    }
  }
  std::vector<LedgerRows> found;
  for (auto& scan : scans) {
    STRIA_ASSIGN_OR_RETURN(auto rows, scan.Read());
    found.push_back(std::move(rows));
  }
  Status status;
  for (const auto& tables : possible) {
    status = Status::Ok();
    for (size_t i = 0; i < scans.size() && status.ok(); ++i) {
      const ReadForm& form = scans[i].form();
      const size_t table = scans[i].table();
      status = CompareRows(kLedgerTables[table], found[i], SeenBy(form, tables[table]))
                   .WithContext(form.ToString());
    }
    if (status.ok()) {
      chosen = tables;
      break;
    }
  }
  return status;
}

// After a start no file is there that nobody names. What was dropped may go a little later.
Status CrashWorld::CheckFiles() {
  // The removal of one may have failed, or the commit that lets it go.
  const auto may_stay = [&] { return files_.failed() || squeezed_; };
  const Status status = FindStrayFiles();
  if (status.ok() || may_stay()) return Status::Ok();
  if (last_drop_ == 0) return status;
  executor_->RunFor(5 * kSecond);
  return may_stay() ? Status::Ok() : FindStrayFiles();
}

Status CrashWorld::FindStrayFiles() {
  std::set<std::string> named;
  for (const PartInfo& part : engine_->Parts())
    named.insert(fmt::format("data/shard/{}/part/{}", part.shard, part.file));
  for (uint32_t shard = 0; shard < options_.num_shards; ++shard) {
    const std::string directory = fmt::format("data/shard/{}/part", shard);
    STRIA_ASSIGN_OR_RETURN(const auto names, files_.List(directory));
    for (const auto& name : names) {
      if (named.contains(directory + "/" + name)) continue;
      return Corruption("{}/{} is there after a start, and no table has it", directory, name);
    }
  }
  return Status::Ok();
}

Status CrashWorld::Verify(Look look) {
  STRIA_RETURN_IF_ERROR(std::exchange(complaint_, Status::Ok()));
  // Older markers are looked at now and then.
  const uint64_t first = random_() % 4 == 0 ? 0 : ledger_.first_unsettled();
  STRIA_ASSIGN_OR_RETURN(const auto markers, ReadMarkers(*engine_, first));
  STRIA_RETURN_IF_ERROR(ledger_.TakeMarkers(markers, first, look));
  LedgerTables chosen;
  STRIA_RETURN_IF_ERROR(CompareTables(ledger_.Possibilities(look), look, chosen));
  if (look != Look::kRestarted) return Status::Ok();
  ledger_.Settle(std::move(chosen));
  for (const HealthEntry& entry : engine_->HealthEntries()) {
    if (entry.state != HealthState::kQuarantined) continue;
    return Corruption("{} is quarantined: {}", entry.what, entry.detail);
  }
  return CheckFiles();
}

}  // namespace stria::storage
