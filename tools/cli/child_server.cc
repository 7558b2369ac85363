#include "tools/cli/child_server.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/base/errors.h"

namespace stria::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr auto kStopPatience = std::chrono::seconds(10);

// In the child: becomes `stria serve`, with stdout and stderr on the pipes. Only calls that are
// safe after fork.
[[noreturn]] void BecomeServer(const char* const* arguments, int output, int errors, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  ::setpgid(0, 0);  // Ctrl-C goes to the demo, which stops the child in order.
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::execv("/proc/self/exe", const_cast<char* const*>(arguments));
  ::_exit(127);
}

// Reads from `output` until the ready line has come or the pipe closes; whatever comes on `errors`
// is collected.
std::string ReadUntilReady(int output, int errors, std::string& complaints) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.find('\n') == std::string::npos) {
    std::array<pollfd, 2> polled = {pollfd{output, POLLIN, 0}, pollfd{errors, POLLIN, 0}};
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) break;
    if (polled[1].revents != 0) {
      const ssize_t size = ::read(errors, buffer.data(), buffer.size());
      if (size > 0) complaints.append(buffer.data(), static_cast<size_t>(size));
    }
    if (polled[0].revents != 0) {
      const ssize_t size = ::read(output, buffer.data(), buffer.size());
      if (size <= 0) break;
      text.append(buffer.data(), static_cast<size_t>(size));
    }
  }
  return text;
}

void ReadRest(int pipe, std::string& text) {
  std::array<char, 4096> buffer{};
  for (ssize_t size; (size = ::read(pipe, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<size_t>(size));
  }
}

}  // namespace

Status ChildServer::Start() {
  std::array<int, 2> output{}, errors{};
  if (::pipe2(output.data(), O_CLOEXEC) != 0 || ::pipe2(errors.data(), O_CLOEXEC) != 0) {
    return IoError("cannot make a pipe: {}", std::strerror(errno));
  }
  const auto started = SteadyClock::now();
  const std::array<const char*, 7> arguments = {"stria",  "serve",       "--data", data_.c_str(),
                                                "--http", http_.c_str(), nullptr};
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) BecomeServer(arguments.data(), output[1], errors[1], parent);
  ::close(output[1]);
  ::close(errors[1]);
  std::string complaints;
  const std::string text = ReadUntilReady(output[0], errors[0], complaints);
  ::close(output[0]);
  const size_t address = text.find("http=");
  if (address == std::string::npos) {
    ReadRest(errors[0], complaints);
    ::close(errors[0]);
    Reap(true);
    while (complaints.ends_with('\n'))
      complaints.pop_back();
    if (complaints.starts_with("stria: ")) complaints.erase(0, 7);
    return Unavailable("{}",
                       complaints.empty() ? "the server ended before it was ready" : complaints);
  }
  // From here on the child's log lines go nowhere: the screen belongs to the demo.
  std::thread([pipe = errors[0]] {
    std::string ignored;
    for (std::array<char, 4096> buffer{}; ::read(pipe, buffer.data(), buffer.size()) > 0;) {
    }
    ::close(pipe);
  }).detach();
  const size_t begin = address + 5;
  const std::string host = text.substr(begin, text.find_first_of(" \n", begin) - begin);
  http_ = host;
  url_ = "http://" + host;
  seconds_to_ready_ = std::chrono::duration<double>(SteadyClock::now() - started).count();
  return Status::Ok();
}

void ChildServer::Kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  Reap(true);
}

void ChildServer::Stop() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  Reap(false);
}

void ChildServer::Reap(bool at_once) {
  const auto deadline = SteadyClock::now() + kStopPatience;
  int status = 0;
  if (!at_once) {
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (SteadyClock::now() > deadline) {
        ::kill(pid_, SIGKILL);
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace stria::cli
