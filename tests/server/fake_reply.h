// Takes an answer as the network would, and lets a test wait for it.

#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/http/http_message.h"

namespace stria::server {

/// What became of one request.
struct TakenAnswer {
  HttpResponse response;
  bool streamed = false;
  bool whole = false;  ///< false: the connection would have been broken
  size_t num_pieces = 0;
};

/// Thread safety: thread-safe.
class FakeReply final : public HttpReply {
 public:
  /// Shared with the test: the reply dies when the handler lets go of it.
  struct Outcome {
    std::mutex mutex;
    std::condition_variable changed;
    TakenAnswer answer;
    bool done = false;
    std::function<void()> gone;

    TakenAnswer Wait() {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return done; });
      return answer;
    }
  };

  explicit FakeReply(std::shared_ptr<Outcome> outcome) : outcome_(std::move(outcome)) {}
  ~FakeReply() override { Finish(false); }

  void Send(HttpResponse response) override {
    {
      const std::lock_guard lock(outcome_->mutex);
      outcome_->answer.response = std::move(response);
    }
    Finish(true);
  }
  void Begin(HttpResponse head) override {
    const std::lock_guard lock(outcome_->mutex);
    outcome_->answer.response = std::move(head);
    outcome_->answer.streamed = true;
    outcome_->answer.num_pieces = 1;
  }
  bool Write(std::string piece) override {
    const std::lock_guard lock(outcome_->mutex);
    outcome_->answer.response.body += piece;
    ++outcome_->answer.num_pieces;
    return true;
  }
  void End() override { Finish(true); }
  void OnClientGone(std::function<void()> gone) override {
    const std::lock_guard lock(outcome_->mutex);
    outcome_->gone = std::move(gone);
  }

 private:
  void Finish(bool whole) {
    const std::lock_guard lock(outcome_->mutex);
    if (outcome_->done) return;
    outcome_->done = true;
    outcome_->answer.whole = whole;
    outcome_->gone = nullptr;
    outcome_->changed.notify_all();
  }

  const std::shared_ptr<Outcome> outcome_;
};

}  // namespace stria::server
