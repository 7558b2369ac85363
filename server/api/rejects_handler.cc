#include "server/api/rejects_handler.h"

#include <functional>
#include <utility>

#include <fmt/format.h>

#include "server/auth/principal.h"
#include "server/http/api_error.h"

namespace stria::server {
namespace {

// Answers with what `job` makes of database and table, on a thread that may wait.
class JobHandler final : public HttpHandler {
 public:
  using Job = std::function<Result<std::string>(std::string_view database, std::string_view table)>;

  JobHandler(Executor& executor, Job job) : executor_(executor), job_(std::move(job)) {}

  void Handle(HttpRequest request, HttpReplyPtr reply) override {
    const Status allowed = Authorize(Principal::Anonymous(), Action::kAdmin,
                                     request.Query("database"), request.Query("table"));
    if (!allowed.ok()) return reply->Send(ErrorResponse(request, ErrorOf(allowed)));
    executor_.Post(Lane::kForeground,
                   [this, request = std::move(request), reply = std::move(reply)] {
                     const auto body = job_(request.Query("database"), request.Query("table"));
                     if (!body) return reply->Send(ErrorResponse(request, ErrorOf(body.error())));
                     HttpResponse response;
                     response.content_type = "application/json";
                     response.body = *body;
                     reply->Send(std::move(response));
                   });
  }

 private:
  Executor& executor_;
  const Job job_;
};

}  // namespace

std::shared_ptr<HttpHandler> MakeReplayRejectsHandler(Rejects& rejects, Executor& executor) {
  return std::make_shared<JobHandler>(
      executor,
      [&rejects](std::string_view database, std::string_view table) -> Result<std::string> {
        const ReplayResult result = rejects.Replay(database, table);
        if (!result.status.ok()) {
          return result.status.WithContext(fmt::format("{} lines were replayed", result.replayed));
        }
        return fmt::format("{{\"replayed\":{},\"rejected\":{}}}", result.replayed, result.rejected);
      });
}

std::shared_ptr<HttpHandler> MakeDropRejectsHandler(Rejects& rejects, Executor& executor) {
  return std::make_shared<JobHandler>(
      executor,
      [&rejects](std::string_view database, std::string_view table) -> Result<std::string> {
        return fmt::format("{{\"dropped\":{}}}", rejects.Drop(database, table));
      });
}

}  // namespace stria::server
