// `stria serve`: runs the server until SIGTERM or Ctrl-C.
//
// Settings come from their defaults, then the environment, then the command line. The first line on
// stdout says when requests are taken, and where: `ready http=127.0.0.1:40123 data=./.stria`.

#include <csignal>
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <fmt/core.h>
#include <pthread.h>
#include <unistd.h>

#include "server/server.h"
#include "storage/base/log.h"
#include "storage/base/settings.h"
#include "tools/cli/terminal.h"
#include "tools/cli/verbs.h"

extern char** environ;

namespace stria::cli {
namespace {

// Whoever starts a server may have closed these; a data file must not take the place of stdout.
void OpenStandardFiles() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDWR));
  }
}

Result<Settings> ReadSettings(const ServeOptions& options) {
  Settings settings;
  STRIA_RETURN_IF_ERROR(settings.SetFromEnvironment(environ));
  for (const auto& [name, text] : options.settings)
    STRIA_RETURN_IF_ERROR(settings.Set(name, text));
  const std::string log_format = settings.Text("log.format");
  if (log_format != "text" && log_format != "json") {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("log.format: \"{}\" is not text or json", log_format));
  }
  SetLogFormat(log_format == "json" ? LogFormat::kJson : LogFormat::kText);
  return settings;
}

}  // namespace

int RunServe(const ServeOptions& options) {
  OpenStandardFiles();
  ::signal(SIGPIPE, SIG_IGN);
  // Taken by sigwait() below; threads inherit the mask.
  sigset_t stop_signals;
  ::sigemptyset(&stop_signals);
  ::sigaddset(&stop_signals, SIGTERM);
  ::sigaddset(&stop_signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  const auto settings = ReadSettings(options);
  if (!settings) {
    PrintError(settings.error().message());
    return kExitUsage;
  }
  auto server = server::Server::Start(*settings);
  if (!server) {
    PrintError(server.error().message());
    const bool is_usage = server.error().code() == StatusCode::kInvalidArgument;
    return is_usage ? kExitUsage : kExitRefused;
  }
  const std::string line = fmt::format("ready http={} data={} pid={}\n", (*server)->http_address(),
                                       settings->Text("server.data"), ::getpid());
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);  // Nobody may be there to read it, and the server serves all the same.

  int signal_number = 0;
  ::sigwait(&stop_signals, &signal_number);
  // A second signal ends the process at once: whoever sends it does not want to wait.
  ::pthread_sigmask(SIG_UNBLOCK, &stop_signals, nullptr);
  (*server)->Stop();
  return kExitDone;
}

}  // namespace stria::cli
