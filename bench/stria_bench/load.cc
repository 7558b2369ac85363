// stria-bench load: replays a file from memory, and what that costs the client and the server.

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "bench/stria_bench/bodies.h"
#include "bench/stria_bench/http_connection.h"
#include "bench/stria_bench/null_sink.h"
#include "bench/stria_bench/percentiles.h"
#include "bench/stria_bench/process_stats.h"
#include "bench/stria_bench/report.h"
#include "bench/stria_bench/server_under_test.h"
#include "bench/stria_bench/verbs.h"
#include "storage/base/errors.h"
#include "storage/base/mutex.h"

namespace stria::bench {
namespace {

constexpr size_t kKeptOfRefusal = 4096;

// What was sent, and what came back.
struct Sent {
  uint64_t num_rows = 0;
  uint64_t num_bytes = 0;
  uint64_t num_refused = 0;  // Bodies.
  std::string refusal;       // The first.
  Percentiles acks;
  double cpu_seconds = 0;  // Of the threads that sent.

  void MergeFrom(const Sent& other) {
    num_rows += other.num_rows;
    num_bytes += other.num_bytes;
    num_refused += other.num_refused;
    if (refusal.empty()) refusal = other.refusal;
    acks.MergeFrom(other.acks);
    cpu_seconds += other.cpu_seconds;
  }
};

// Connections that stay open from one piece of the file to the next.
class Senders {
 public:
  static Result<std::unique_ptr<Senders>> Open(const Url& url, int64_t workers,
                                               const std::string& target,
                                               std::string_view headers) {
    auto senders = std::make_unique<Senders>();
    for (int64_t i = 0; i < workers; ++i) {
      STRIA_ASSIGN_OR_RETURN(auto connection, HttpConnection::Open(url));
      senders->connections_.push_back(std::move(connection));
    }
    senders->head_ = senders->connections_.front()->MakeHead("POST", target, headers);
    return senders;
  }

  // Sends every body once, each over the connection that is free first. `wire[i]` is what goes out
  // for bodies[i]. Fails when a connection breaks.
  Result<Sent> Send(const std::vector<Body>& bodies, const std::vector<std::string_view>& wire) {
    std::atomic<size_t> next = 0;
    Mutex mutex;
    Sent all;
    Status broken;
    {
      std::vector<std::jthread> threads;
      for (auto& connection : connections_) {
        threads.emplace_back([&] {
          Sent mine;
          Status status = SendSome(*connection, bodies, wire, next, mine);
          const MutexLock lock(mutex);
          all.MergeFrom(mine);
          if (broken.ok()) broken = std::move(status);
        });
      }
    }
    STRIA_RETURN_IF_ERROR(broken);
    return all;
  }

 private:
  Status SendSome(HttpConnection& connection, const std::vector<Body>& bodies,
                  const std::vector<std::string_view>& wire, std::atomic<size_t>& next,
                  Sent& sent) const {
    const double cpu_before = ThreadCpuSeconds();
    while (true) {
      const size_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= bodies.size()) break;
      const int64_t begin = NowNs();
      STRIA_ASSIGN_OR_RETURN(const HttpReply reply,
                             connection.Send(head_, wire[index], kKeptOfRefusal));
      sent.acks.Add(NowNs() - begin);
      sent.num_bytes += wire[index].size();
      if (reply.status / 100 == 2) {
        sent.num_rows += bodies[index].num_rows;
      } else if (sent.num_refused++ == 0) {
        sent.refusal = ErrorMessage(reply);
      }
    }
    sent.cpu_seconds += ThreadCpuSeconds() - cpu_before;
    return Status::Ok();
  }

  std::vector<std::unique_ptr<HttpConnection>> connections_;
  std::string head_;
};

struct Loaded {
  Sent sent;
  uint64_t num_values = 0;
  int64_t send_ns = 0;
};

// Reads, cuts and sends piece after piece; only sending counts as time.
Status LoadFile(const LoadOptions& options, Senders& senders, Loaded& loaded) {
  STRIA_ASSIGN_OR_RETURN(const auto file, TextFile::Open(options.file));
  std::string text;
  while (true) {
    STRIA_RETURN_IF_ERROR(file->Next(options.piece_bytes, text));
    if (text.empty()) return Status::Ok();
    const CutText cut = CutBodies(text, options.batch_rows);
    loaded.num_values += cut.num_values;
    std::vector<std::string> packed;
    std::vector<std::string_view> wire;
    if (options.gzip) {
      for (const Body& body : cut.bodies)
        packed.push_back(Gzip(body.bytes));
      wire.assign(packed.begin(), packed.end());
    } else {
      for (const Body& body : cut.bodies)
        wire.push_back(body.bytes);
    }
    const int64_t begin = NowNs();
    STRIA_ASSIGN_OR_RETURN(const Sent sent, senders.Send(cut.bodies, wire));
    loaded.send_ns += NowNs() - begin;
    loaded.sent.MergeFrom(sent);
  }
}

// What the server is at some moment.
struct Snapshot {
  std::optional<ProcessStats> process;
  std::optional<uint64_t> log_bytes;

  static Snapshot Of(ServerUnderTest& server) { return {server.Stats(), server.LogBytesWritten()}; }
};

Cell Microseconds(double seconds, uint64_t num_rows) {
  return Cell::Number(seconds / static_cast<double>(num_rows) * 1e6, 3);
}

void AddClientFigures(const LoadOptions& options, Loaded& loaded, Report& report) {
  const double seconds = static_cast<double>(loaded.send_ns) / 1e9;
  const auto num_rows = static_cast<double>(loaded.sent.num_rows);
  const auto ms = [&](double percent) {
    return Cell::Number(static_cast<double>(loaded.sent.acks.At(percent)) / 1e6, 3);
  };
  report.Add("file", Cell::Text(options.file));
  report.Add("workers", Cell::Count(static_cast<uint64_t>(options.workers)));
  report.Add("batch_rows", Cell::Count(options.batch_rows));
  report.Add("rows", Cell::Count(loaded.sent.num_rows));
  report.Add("values", Cell::Count(loaded.num_values));
  report.Add("bytes_sent", Cell::Count(loaded.sent.num_bytes));
  report.Add("seconds", Cell::Number(seconds, 3));
  report.Add("rows_per_second", Cell::Number(num_rows / seconds, 0));
  report.Add("values_per_second",
             Cell::Number(static_cast<double>(loaded.num_values) / seconds, 0));
  report.Add("ack_p50_ms", ms(50));
  report.Add("ack_p99_ms", ms(99));
  report.Add("ack_max_ms", ms(100));
  report.Add("client_cpu_us_per_row", Microseconds(loaded.sent.cpu_seconds, loaded.sent.num_rows));
}

// Flushes, compacts where that is wanted, and says what the server used.
Status AddServerFigures(const LoadOptions& options, ServerUnderTest& server, const Snapshot& before,
                        const Loaded& loaded, Report& report) {
  const uint64_t num_rows = loaded.sent.num_rows;
  const auto cpu = [&](std::string_view name) {
    const auto now = server.Stats();
    report.Add(std::string(name),
               now && before.process
                   ? Microseconds(now->cpu_seconds - before.process->cpu_seconds, num_rows)
                   : Cell::None());
  };
  const auto order = [&](const std::string& target) -> Status {
    const Status status = server.Order(target);
    if (status.code() != StatusCode::kUnimplemented) return status;
    report.Note(std::string(status.message()));
    return Status::Ok();
  };
  cpu("server_cpu_us_per_row_acknowledged");
  const int64_t begin = NowNs();
  if (!options.flush_target.empty()) STRIA_RETURN_IF_ERROR(order(options.flush_target));
  report.Add("flush_seconds", Cell::Number(static_cast<double>(NowNs() - begin) / 1e9, 3));
  cpu("server_cpu_us_per_row");
  const auto log_bytes = server.LogBytesWritten();
  report.Add("wal_bytes_per_row",
             log_bytes && before.log_bytes
                 ? Cell::Number(static_cast<double>(*log_bytes - *before.log_bytes) /
                                    static_cast<double>(num_rows),
                                1)
                 : Cell::None());
  if (options.compact) {
    STRIA_RETURN_IF_ERROR(order("/api/v1/compact"));
    cpu("server_cpu_us_per_row_compacted");
  }
  const auto part_bytes = server.Metric("stria_part_bytes");
  report.Add("part_bytes", part_bytes ? Cell::Number(*part_bytes, 0) : Cell::None());
  report.Add("part_bytes_per_value",
             part_bytes ? Cell::Number(*part_bytes / static_cast<double>(loaded.num_values), 3)
                        : Cell::None());
  report.Add("disk_bytes",
             server.data().empty() ? Cell::None() : Cell::Count(DirectoryBytes(server.data())));
  const auto process = server.Stats();
  report.Add("peak_rss_bytes", process ? Cell::Count(process->peak_resident_bytes) : Cell::None());
  return Status::Ok();
}

Status Load(const LoadOptions& options, Loaded& loaded, Report& report) {
  std::unique_ptr<NullSink> sink;
  std::unique_ptr<ServerUnderTest> server;
  Url url;
  if (options.null_sink) {
    STRIA_ASSIGN_OR_RETURN(sink, NullSink::Start());
    url = sink->url();
  } else {
    STRIA_ASSIGN_OR_RETURN(server, ServerUnderTest::Open(options.server));
    url = server->url();
  }
  std::string target = options.target;
  if (target.empty()) {
    target = fmt::format("/write?db={}{}", UrlEncode(options.server.database),
                         options.no_sync ? "&sync=none" : "");
  }
  STRIA_ASSIGN_OR_RETURN(const auto senders,
                         Senders::Open(url, options.workers, target,
                                       options.gzip ? "Content-Encoding: gzip\r\n" : ""));
  const Snapshot before = server == nullptr ? Snapshot() : Snapshot::Of(*server);
  STRIA_RETURN_IF_ERROR(LoadFile(options, *senders, loaded));
  if (loaded.sent.num_rows == 0) {
    if (loaded.sent.num_refused > 0) return InvalidArgument("{}", loaded.sent.refusal);
    return InvalidArgument("{}: no rows", options.file);
  }
  AddClientFigures(options, loaded, report);
  if (server == nullptr) return Status::Ok();
  return AddServerFigures(options, *server, before, loaded, report);
}

}  // namespace

int RunLoad(const LoadOptions& options) {
  Loaded loaded;
  Report report;
  const Status status = Load(options, loaded, report);
  if (!status.ok()) {
    const int code = Fail(status);
    return code == kExitRefused && loaded.sent.num_rows > 0 ? kExitPartly : code;
  }
  report.Print(options.json);
  if (loaded.sent.num_refused == 0) return kExitDone;
  PrintError(fmt::format("{} of {} bodies were refused, the first: {}", loaded.sent.num_refused,
                         loaded.sent.acks.count(), loaded.sent.refusal));
  return kExitPartly;
}

}  // namespace stria::bench
