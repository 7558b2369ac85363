#include "bench/stria_bench/feed.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "bench/stria_bench/process_stats.h"
#include "bench/stria_bench/server_under_test.h"
#include "storage/base/errors.h"
#include "storage/base/mutex.h"

namespace stria::bench {
namespace {

constexpr size_t kMaxQueued = 16;  // Bodies of some 3 MB: what writers need to never wait.

// The number after the last space.
int64_t LastTime(std::string_view text) {
  int64_t time_ns = 0;
  const size_t space = text.rfind(' ');
  if (space != std::string_view::npos) {
    std::from_chars(text.data() + space + 1, text.data() + text.size(), time_ns);
  }
  return time_ns;
}

Status SendBodies(HttpConnection& connection, const std::string& head, Feed& feed,
                  const std::function<void(const FedBody&)>& acknowledged, FeedResult& result) {
  while (const auto body = feed.Take()) {
    const int64_t begin = NowNs();
    STRIA_ASSIGN_OR_RETURN(const HttpReply reply, connection.Send(head, body->rows.text()));
    result.acks.Add(NowNs() - begin);
    if (reply.status / 100 != 2) return InvalidArgument("write: {}", ErrorMessage(reply));
    result.num_rows += body->num_rows;
    if (acknowledged) acknowledged(*body);
  }
  return Status::Ok();
}

}  // namespace

Feed::Feed(RowSource& rows, const Options& options)
    : rows_(rows), options_(options), producer_([this] { Produce(); }) {}

Feed::~Feed() {
  Stop();
}

void Feed::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

std::optional<FedBody> Feed::Take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopped_ || at_end_ || !bodies_.empty(); });
  if (stopped_ || bodies_.empty()) return std::nullopt;
  FedBody body = std::move(bodies_.front());
  bodies_.pop_front();
  changed_.notify_all();
  return body;
}

void Feed::Produce() {
  const auto begin = std::chrono::steady_clock::now();
  uint64_t num_rows = 0;
  while (num_rows < options_.max_rows) {
    FedBody body;
    body.num_rows =
        body.rows.Append(rows_, std::min(options_.batch_rows, options_.max_rows - num_rows));
    if (body.num_rows == 0) break;
    num_rows += body.num_rows;
    body.last_time_ns = LastTime(body.rows.text());

    std::unique_lock lock(mutex_);
    if (options_.rows_per_second > 0) {
      const std::chrono::duration<double> due(static_cast<double>(num_rows) /
                                              static_cast<double>(options_.rows_per_second));
      changed_.wait_until(
          lock, begin + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due),
          [this] { return stopped_; });
    }
    changed_.wait(lock, [this] { return stopped_ || bodies_.size() < kMaxQueued; });
    if (stopped_) return;
    bodies_.push_back(std::move(body));
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  at_end_ = true;
  changed_.notify_all();
}

Result<FeedResult> WriteFeed(const Url& url, std::string_view database, int64_t workers, Feed& feed,
                             const std::function<void(const FedBody&)>& acknowledged) {
  std::vector<std::unique_ptr<HttpConnection>> connections;
  for (int64_t i = 0; i < workers; ++i) {
    STRIA_ASSIGN_OR_RETURN(auto connection, HttpConnection::Open(url));
    connections.push_back(std::move(connection));
  }
  const std::string head =
      connections.front()->MakeHead("POST", "/write?db=" + UrlEncode(database));
  Mutex mutex;
  FeedResult all;
  Status failed;
  const int64_t begin = NowNs();
  {
    std::vector<std::jthread> threads;
    for (auto& connection : connections) {
      threads.emplace_back([&] {
        FeedResult mine;
        Status status = SendBodies(*connection, head, feed, acknowledged, mine);
        if (!status.ok()) feed.Stop();
        const MutexLock lock(mutex);
        all.num_rows += mine.num_rows;
        all.acks.MergeFrom(mine.acks);
        if (failed.ok()) failed = std::move(status);
      });
    }
  }
  STRIA_RETURN_IF_ERROR(failed);
  all.seconds = static_cast<double>(NowNs() - begin) / 1e9;
  return all;
}

}  // namespace stria::bench
