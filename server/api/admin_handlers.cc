#include "server/api/admin_handlers.h"

#include <functional>
#include <utility>
#include <vector>

#include "server/auth/principal.h"
#include "server/http/api_error.h"
#include "storage/base/mutex.h"

namespace stria::server {
namespace {

// Runs one job at a time for everybody who asked before it began.
class SharedJobHandler final : public HttpHandler {
 public:
  SharedJobHandler(Executor& executor, std::function<Status()> job)
      : executor_(executor), job_(std::move(job)) {}

  void Handle(HttpRequest request, HttpReplyPtr reply) override {
    const Status allowed = Authorize(Principal::Anonymous(), Action::kAdmin, "", "");
    if (!allowed.ok()) return reply->Send(ErrorResponse(request, ErrorOf(allowed)));
    const MutexLock lock(mutex_);
    waiting_.push_back({std::move(request), std::move(reply)});
    if (std::exchange(running_, true)) return;
    // Not on the background lane: the job waits for work that is done there.
    executor_.Post(Lane::kForeground, [this] { Run(); });
  }

 private:
  struct Waiting {
    HttpRequest request;
    HttpReplyPtr reply;
  };

  void Run() {
    while (true) {
      std::vector<Waiting> asked;
      {
        const MutexLock lock(mutex_);
        asked = std::exchange(waiting_, {});
        if (asked.empty()) {
          running_ = false;
          return;
        }
      }
      const Status status = job_();
      for (auto& [request, reply] : asked) {
        HttpResponse response;
        response.status = 204;
        reply->Send(status.ok() ? std::move(response) : ErrorResponse(request, ErrorOf(status)));
      }
    }
  }

  Executor& executor_;
  const std::function<Status()> job_;
  Mutex mutex_;
  std::vector<Waiting> waiting_ STRIA_GUARDED_BY(mutex_);
  bool running_ STRIA_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::shared_ptr<HttpHandler> MakeFlushHandler(storage::Engine& engine, Executor& executor) {
  return std::make_shared<SharedJobHandler>(executor, [&engine] { return engine.Flush(); });
}

std::shared_ptr<HttpHandler> MakeCompactHandler(storage::Engine& engine, Executor& executor) {
  return std::make_shared<SharedJobHandler>(executor, [&engine] { return engine.Compact(); });
}

}  // namespace stria::server
