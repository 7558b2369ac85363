// `stria demo`: a server with a simulated fleet, and the proof that a kill -9 loses nothing.
//
// Bounded (the default): writes for some seconds, queries, kills the server while it is written to,
// starts it again, compares the ledger and the answers, and ends with exit code 0 when all agree.
// `--forever` is what `make run` shows: the same on a screen that stays, with a key for the kill.

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include <fmt/core.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include "tools/cli/child_server.h"
#include "tools/cli/fleet.h"
#include "tools/cli/http_client.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/json_text.h"
#include "tools/cli/terminal.h"
#include "tools/cli/verbs.h"

namespace stria::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr const char* kDatabase = "demo";
constexpr const char* kExampleSql =
    "SELECT site, count(*) AS samples, round(avg(temperature), 2) AS avg_c, "
    "max(temperature) AS max_c FROM readings GROUP BY site ORDER BY site";

// The keyboard without line buffering, while this lives.
class RawKeyboard {
 public:
  RawKeyboard() : active_(IsTerminal(STDIN_FILENO)) {
    if (!active_) return;
    ::tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  ~RawKeyboard() {
    if (active_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  RawKeyboard(const RawKeyboard&) = delete;
  RawKeyboard& operator=(const RawKeyboard&) = delete;

  // A key, or 0 when none came in time.
  char Wait(std::chrono::milliseconds patience) const {
    if (!active_) {
      std::this_thread::sleep_for(patience);
      return 0;
    }
    pollfd polled{STDIN_FILENO, POLLIN, 0};
    char key = 0;
    const bool ready = ::poll(&polled, 1, static_cast<int>(patience.count())) > 0;
    return ready && ::read(STDIN_FILENO, &key, 1) == 1 ? key : '\0';
  }

 private:
  bool active_;
  termios before_{};
};

// A directory that is gone afterwards, unless the user named it.
class DataDirectory {
 public:
  explicit DataDirectory(const std::string& named) : path_(named), temporary_(named.empty()) {
    if (!temporary_) return;
    path_ = (std::filesystem::temp_directory_path() / "stria-demo-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~DataDirectory() {
    std::error_code ignored;
    if (temporary_ && !path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool temporary_;
};

class Demo {
 public:
  explicit Demo(const DemoOptions& options)
      : options_(options),
        data_(options.data),
        server_(data_.path(), options.http.empty() ? "127.0.0.1:0" : options.http),
        fleet_(kDatabase, options.devices) {}

  int Run() {
    if (data_.path().empty()) {
      PrintError("cannot make a temporary directory; say --data DIR");
      return kExitRefused;
    }
    if (Status status = server_.Start(); !status.ok()) {
      PrintError(status.message());
      if (options_.forever && status.message().find("--http") != std::string_view::npos) {
        PrintError("with make: STRIA_HTTP=127.0.0.1:8282 make run");
      }
      return kExitRefused;
    }
    rows_before_ = CountRows();
    fmt::print("stria 0.1 · data {} · ready in {:.1f} s\n", data_.path(),
               server_.seconds_to_ready());
    fleet_.Start(server_.url());
    const int code = options_.forever ? RunForever() : RunBounded();
    fleet_.Stop();
    server_.Stop();
    return code;
  }

 private:
  Result<HttpAnswer> Query(const std::string& sql, const std::string& format) {
    HttpClient client(server_.url(), "");
    return client.Get("/api/v1/sql?db=" + std::string(kDatabase) + "&format=" + format +
                      "&q=" + UrlEncode(sql));
  }

  // Rows of the fleet's table, 0 when it does not exist yet.
  int64_t CountRows() {
    const auto answer = Query("SELECT count(*) FROM readings", "json");
    if (!answer || answer->status != 200) return 0;
    return FirstJsonInteger(answer->body).value_or(0);
  }

  void PrintAnswer(const std::string& sql) {
    const std::string host =
        server_.url() == ClientOptions().url ? std::string() : fmt::format("-H {} ", server_.url());
    fmt::print("try   stria sql {}-d {} \"{}\"\n", host, kDatabase, sql);
    const auto answer = Query(sql, "pretty");
    fmt::print("{}", answer ? answer->body : fmt::format("{}\n", answer.error().message()));
    fmt::print("write curl -d 'm,device=me temp=21' '{}/write?db=mine'\n", server_.url());
  }

  std::string StateLine(double rows_a_second) const {
    return fmt::format("console {} · {} devices writing · {} rows/s · {} lost", server_.url(),
                       options_.devices, WithThousands(static_cast<int64_t>(rows_a_second)),
                       WithThousands(rows_lost_));
  }

  // Kills the server under load, starts it again, and compares it with the ledger. What was in
  // doubt may be there or not; what was acknowledged must be.
  bool KillAndRestart() {
    server_.Kill();
    fleet_.Stop();
    const int64_t acknowledged = fleet_.rows_acknowledged();
    const int64_t in_doubt = fleet_.rows_in_doubt();
    if (Status status = server_.Start(); !status.ok()) {
      PrintError(status.message());
      return false;
    }
    const int64_t there = CountRows() - rows_before_;
    rows_lost_ += std::max<int64_t>(0, acknowledged - there);
    const int64_t unasked = there - acknowledged;
    fmt::print("kill -9 and restart in {:.1f} s: {} acknowledged before, {} there after",
               server_.seconds_to_ready(), WithThousands(acknowledged),
               WithThousands(std::min(acknowledged, there)));
    if (unasked > 0) {
      fmt::print(", and {} of {} that were on their way", WithThousands(unasked),
                 WithThousands(in_doubt));
    }
    fmt::print("\n");
    std::fflush(stdout);
    const bool whole = there >= acknowledged && there <= acknowledged + in_doubt;
    fleet_.Start(server_.url());
    return whole;
  }

  int RunForever() {
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    fmt::print("{}\n", StateLine(static_cast<double>(fleet_.rows_acknowledged()) / 1.5));
    PrintAnswer(kExampleSql);
    fmt::print("press k to kill -9 and restart, q or Ctrl-C to stop\n");
    std::fflush(stdout);
    const RawKeyboard keyboard;
    const auto started = SteadyClock::now();
    auto last = started;
    int64_t last_rows = fleet_.rows_acknowledged();
    while (!Interrupted()) {
      const char key = keyboard.Wait(std::chrono::milliseconds(500));
      const auto now = SteadyClock::now();
      if (options_.seconds > 0 && now - started > std::chrono::seconds(options_.seconds)) break;
      if (key == 'q') break;
      if (key == 'k') {
        ClearProgress();
        if (!KillAndRestart()) return kExitRefused;
      }
      const double seconds = std::chrono::duration<double>(now - last).count();
      const int64_t rows = fleet_.rows_acknowledged();
      ShowProgress(StateLine(static_cast<double>(rows - last_rows) / std::max(seconds, 0.1)));
      last = now;
      last_rows = rows;
    }
    ClearProgress();
    fleet_.Stop();
    fmt::print("stopped · {} rows acknowledged · {} lost\n",
               WithThousands(fleet_.rows_acknowledged()), WithThousands(rows_lost_));
    return rows_lost_ == 0 ? kExitDone : kExitRefused;
  }

  // Waits while the fleet writes. False when the user interrupted.
  bool LetWrite(double seconds) {
    const auto deadline = SteadyClock::now() + std::chrono::duration<double>(seconds);
    const auto started = SteadyClock::now();
    const int64_t first_rows = fleet_.rows_acknowledged();
    while (!Interrupted() && SteadyClock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      const double elapsed = std::chrono::duration<double>(SteadyClock::now() - started).count();
      last_rate_ = static_cast<double>(fleet_.rows_acknowledged() - first_rows) / elapsed;
      ShowProgress(StateLine(last_rate_));
    }
    ClearProgress();
    return !Interrupted();
  }

  int RunBounded() {
    const double half = static_cast<double>(options_.seconds) / 2;
    if (!LetWrite(half)) return kExitInterrupted;
    fmt::print("{}\n", StateLine(last_rate_));
    PrintAnswer(kExampleSql);
    if (!KillAndRestart()) return Disagree("the ledger and the restarted server disagree");
    if (!LetWrite(half)) return kExitInterrupted;

    // Quiet now: the same question before and after a kill must have the same answer.
    fleet_.Stop();
    const auto before = Query(kExampleSql, "csv");
    server_.Kill();
    if (Status status = server_.Start(); !status.ok())
      return Disagree(std::string(status.message()));
    const auto after = Query(kExampleSql, "csv");
    if (!before || !after || before->status != 200 || before->body != after->body) {
      return Disagree("the same query has another answer after kill -9");
    }
    fmt::print("kill -9 and restart in {:.1f} s: the same answer, {} rows acknowledged, {} lost\n",
               server_.seconds_to_ready(), WithThousands(fleet_.rows_acknowledged()),
               WithThousands(rows_lost_));
    if (fleet_.rows_acknowledged() == 0) return Disagree("no row was acknowledged");
    return rows_lost_ == 0 ? kExitDone : kExitRefused;
  }

  int Disagree(const std::string& what) {
    PrintError(what);
    return kExitRefused;
  }

  DemoOptions options_;
  DataDirectory data_;
  ChildServer server_;
  Fleet fleet_;
  int64_t rows_before_ = 0;
  int64_t rows_lost_ = 0;
  double last_rate_ = 0;
};

}  // namespace

int RunDemo(const DemoOptions& options) {
  CatchInterrupts();
  ::signal(SIGPIPE, SIG_IGN);
  Demo demo(options);
  return demo.Run();
}

}  // namespace stria::cli
