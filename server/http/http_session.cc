// The life of a connection, all on its strand:
//
//   ReadHead -> OnHead -> ReadBody | ReadChunks -> Dispatch -> (handler) -> answer -> ReadHead
//                 |                                                           |
//                 +-> Refuse -> answer -> Linger -> close          or Linger -> close
//
// Answers come from other threads through Reply, which queues their pieces and wakes the strand.

#include "server/http/http_session.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <vector>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

#include "server/http/response_head.h"
#include "storage/base/errors.h"

namespace stria::server {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr size_t kReadBytes = 256 << 10;
constexpr size_t kLingerBytes = 64 << 20;
constexpr auto kLinger = std::chrono::seconds(2);
constexpr size_t kMaxRequestIdBytes = 128;

bool IsSaneRequestId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestIdBytes &&
         std::ranges::all_of(id, [](char c) { return c > ' ' && c < 0x7f; });
}

std::string ChunkHead(size_t size) {
  return fmt::format("{:x}\r\n", size);
}

}  // namespace

class HttpSession final : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(tcp::socket socket, std::shared_ptr<SessionContext> context)
      : context_(std::move(context)), stream_(std::move(socket)) {
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    const auto endpoint = stream_.socket().remote_endpoint(ignored);
    if (!ignored) peer_ = endpoint.address().to_string();
    const MutexLock lock(context_->mutex);
    context_->sessions.insert(this);
  }
  ~HttpSession() {
    const MutexLock lock(context_->mutex);
    context_->sessions.erase(this);
  }
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void Start() {
    boost::asio::dispatch(stream_.get_executor(),
                          [self = shared_from_this()] { self->ReadHead(); });
  }

  void RequestClose(bool at_once) {
    boost::asio::dispatch(stream_.get_executor(), [self = shared_from_this(), at_once] {
      self->keep_alive_ = false;
      if (self->idle_ || at_once) self->Close();
    });
  }

 private:
  class Reply;

  // --- Reading a request -------------------------------------------------------------------------

  void ReadHead() {
    if (context_->stopping.load()) return Close();
    idle_ = true;
    keep_alive_ = false;
    request_ = {};
    share_ = ByteShare(context_->budget);
    chunks_.reset();
    head_.emplace();
    head_->header_limit(context_->options.max_header_bytes);
    head_->body_limit(boost::none);  // Checked in OnHead(), which can answer.
    stream_.expires_after(std::chrono::seconds(context_->options.idle_timeout_s));
    http::async_read_header(stream_, buffer_, *head_,
                            [self = shared_from_this()](error_code error, size_t) {
                              self->idle_ = false;
                              self->OnHead(error);
                            });
  }

  void OnHead(error_code error) {
    // Nobody waits for an answer: the client closed, or said nothing for long.
    if (error == http::error::end_of_stream || error == beast::error::timeout) return Close();
    if (error && error.category() != http::make_error_code(http::error::bad_method).category()) {
      return Close();
    }
    context_->num_requests.fetch_add(1, std::memory_order_relaxed);
    TakeHead();
    if (error == http::error::header_limit) {
      return Refuse(ResourceExhausted("the request head has over {} bytes",
                                      context_->options.max_header_bytes));
    }
    if (error) return Refuse(InvalidArgument("the request is not HTTP/1.1: {}", error.message()));
    keep_alive_ = head_->keep_alive();

    const auto length = head_->content_length();
    const uint64_t max_bytes = context_->options.max_body_bytes;
    if (length && *length > max_bytes) {
      return Refuse(ResourceExhausted("the body has {} bytes; {} is the most", *length, max_bytes));
    }
    if (length && !share_.GrowTo(*length)) return RefuseOverload();
    if (!head_->chunked() && length.value_or(0) == 0) return Dispatch();
    const bool waits = beast::iequals(request_.Header("Expect"), "100-continue");
    if (!waits) return ReadBody();
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    boost::asio::async_write(stream_, boost::asio::buffer(kContinue),
                             [self = shared_from_this()](error_code write_error, size_t) {
                               if (write_error) return self->Close();
                               self->ReadBody();
                             });
  }

  void TakeHead() {
    const auto& message = head_->get();
    request_.method = message.method_string();
    const std::string_view target(message.target().data(), message.target().size());
    const size_t question = std::min(target.find('?'), target.size());
    request_.path = PercentDecode(target.substr(0, question));
    request_.query = ParseQueryString(target.substr(std::min(question + 1, target.size())));
    for (const auto& field : message) {
      request_.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    request_.peer = peer_;
    const std::string_view id = request_.Header("X-Request-Id");
    request_.request_id =
        IsSaneRequestId(id) ? std::string(id) : fmt::format("{:016x}", context_->random.Next());

    request_id_ = request_.request_id;
    is_head_ = request_.method == "HEAD";
    speaks_1_1_ = message.version() >= 11;
    const std::string_view origin = request_.Header("Origin");
    const auto& allows = context_->options.allows_origin;
    allowed_origin_ = !origin.empty() && allows && allows(origin) ? origin : std::string_view();
  }

  void ReadBody() {
    if (head_->chunked()) {
      chunks_.emplace(std::move(*head_));
      chunks_->body_limit(context_->options.max_body_bytes);
      return ReadChunks();
    }
    // Straight into memory of the right size: bodies of megabytes are the rule here.
    body_bytes_ = static_cast<size_t>(*head_->content_length());
    body_ = std::shared_ptr<char[]>(std::make_unique_for_overwrite<char[]>(body_bytes_));
    body_read_ = std::min(body_bytes_, buffer_.size());
    std::memcpy(body_.get(), buffer_.data().data(), body_read_);
    buffer_.consume(body_read_);
    ReadRestOfBody();
  }

  void ReadRestOfBody() {
    if (body_read_ == body_bytes_) {
      request_.body = {body_.get(), body_bytes_};
      request_.body_owner = std::move(body_);
      return Dispatch();
    }
    ExpectProgress();
    stream_.async_read_some(boost::asio::buffer(body_.get() + body_read_, body_bytes_ - body_read_),
                            [self = shared_from_this()](error_code error, size_t num_read) {
                              self->body_read_ += num_read;
                              if (!error) return self->ReadRestOfBody();
                              self->RefuseCutShort(
                                  error, fmt::format("the body ended after {} of {} bytes",
                                                     self->body_read_, self->body_bytes_));
                            });
  }

  void ReadChunks() {
    if (chunks_->is_done()) {
      const auto body = std::make_shared<std::string>(std::move(chunks_->get().body()));
      request_.body = *body;
      request_.body_owner = body;
      return Dispatch();
    }
    if (!share_.GrowTo(chunks_->get().body().size() + kReadBytes)) return RefuseOverload();
    ExpectProgress();
    http::async_read_some(stream_, buffer_, *chunks_,
                          [self = shared_from_this()](error_code error, size_t) {
                            if (!error) return self->ReadChunks();
                            self->OnChunkError(error);
                          });
  }

  void OnChunkError(error_code error) {
    if (error == http::error::body_limit) {
      return Refuse(
          ResourceExhausted("the body has over {} bytes", context_->options.max_body_bytes));
    }
    if (error == http::error::partial_message || error == http::error::end_of_stream ||
        error == beast::error::timeout) {
      return RefuseCutShort(error, "the chunked body ended before its last chunk");
    }
    if (error.category() != http::make_error_code(http::error::bad_method).category()) {
      return Close();
    }
    Refuse(InvalidArgument("the chunked body is malformed: {}", error.message()));
  }

  // The client may have closed its half only, and still read.
  void RefuseCutShort(error_code error, std::string_view what) {
    if (error == beast::error::timeout) {
      return Refuse(DeadlineExceeded("{}, and nothing came for {} s", what,
                                     context_->options.progress_timeout_s));
    }
    if (error == boost::asio::error::eof || error == http::error::partial_message ||
        error == http::error::end_of_stream) {
      return Refuse(InvalidArgument("{}; nothing of it was used", what));
    }
    Close();
  }

  void RefuseOverload() {
    Refuse(Unavailable("too many bytes of requests are in flight; send again in a second"));
  }

  // Has the handler answer what could not be received, then closes: what follows in the connection
  // is not known.
  void Refuse(Status status) {
    request_.received = std::move(status);
    keep_alive_ = false;
    Dispatch();
  }

  void ExpectProgress() {
    stream_.expires_after(std::chrono::seconds(context_->options.progress_timeout_s));
  }

  // Defined below Reply.
  void Dispatch();

  // --- Writing an answer -------------------------------------------------------------------------

  // Bytes for the socket, in order. `last`: the answer is whole then.
  struct Output {
    std::vector<std::string> pieces;
    bool last = false;
    bool keep_alive = true;  // Meaningful when last.
  };

  std::string MakeHead(const HttpResponse& response, BodyFraming framing, bool keep_alive) const {
    return MakeResponseHead(response, {.request_id = request_id_,
                                       .allowed_origin = allowed_origin_,
                                       .framing = framing,
                                       .keep_alive = keep_alive,
                                       .now_s = context_->clock.NowNs() / 1'000'000'000});
  }

  // Writes what the reply has queued, until there is nothing more for now. Defined below Reply.
  void WriteQueued();

  void WriteOutput(std::shared_ptr<Reply> reply, Output output);

  void OnAnswerWritten(bool keep_alive) {
    active_reply_.reset();
    StopWatching();
    share_.Release();
    request_ = {};
    if (keep_alive && keep_alive_ && !context_->stopping.load()) return ReadHead();
    Linger();
  }

  // Closes after the client has read the answer: closing with unread bytes in the socket would
  // reset the connection, and the client might never see why it was refused.
  void Linger() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    if (ignored) return Close();
    stream_.expires_after(kLinger);
    lingered_bytes_ = 0;
    Drain();
  }

  void Drain() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(kReadBytes),
                            [self = shared_from_this()](error_code error, size_t num_read) {
                              self->lingered_bytes_ += num_read;
                              if (error || self->lingered_bytes_ > kLingerBytes) {
                                return self->Close();
                              }
                              self->Drain();
                            });
  }

  // --- Watching for a client that goes away while its answer is made
  // -------------------------------

  void Watch() {
    if (watching_ || closed_ || active_reply_.expired()) return;
    watching_ = true;
    stream_.socket().async_wait(tcp::socket::wait_read, [self = shared_from_this(),
                                                         watched = num_answers_](error_code error) {
      self->watching_ = false;
      if (error || watched != self->num_answers_) return;
      char byte = 0;
      error_code peek_error;
      self->stream_.socket().non_blocking(true, peek_error);
      const size_t size = self->stream_.socket().receive(boost::asio::buffer(&byte, 1),
                                                         tcp::socket::message_peek, peek_error);
      // A byte is the next request of a pipelining client: no need to look on.
      if (size == 0 && peek_error != boost::asio::error::would_block) self->NoteClientGone();
    });
  }

  void StopWatching() {
    ++num_answers_;
    if (!watching_) return;
    error_code ignored;
    stream_.socket().cancel(ignored);
  }

  void NoteClientGone();

  void Close() {
    if (closed_) return;
    closed_ = true;
    NoteClientGone();
    error_code ignored;
    stream_.socket().close(ignored);
    stream_.close();
  }

  std::shared_ptr<SessionContext> context_;  // First: the socket needs its io_context to die.
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> head_;
  std::optional<http::request_parser<http::string_body>> chunks_;
  std::string peer_;

  // The request under way.
  HttpRequest request_;
  ByteShare share_;
  std::shared_ptr<char[]> body_;
  size_t body_bytes_ = 0;
  size_t body_read_ = 0;
  std::string request_id_;
  std::string allowed_origin_;
  bool is_head_ = false;
  bool speaks_1_1_ = true;

  std::weak_ptr<Reply> active_reply_;
  bool idle_ = false;
  bool keep_alive_ = false;
  bool closed_ = false;
  bool watching_ = false;
  bool writing_ = false;
  uint64_t num_answers_ = 0;
  size_t lingered_bytes_ = 0;
};

// The answer to the request under way. Handlers' threads put pieces in; the strand takes them out.
class HttpSession::Reply final : public HttpReply, public std::enable_shared_from_this<Reply> {
 public:
  explicit Reply(std::shared_ptr<HttpSession> session)
      : session_(std::move(session)), keep_alive_(session_->keep_alive_) {}

  ~Reply() override {
    if (ended_ || session_->context_->stopped.load()) return;
    // The handler lost the request; or the answer has begun and cannot be finished.
    boost::asio::dispatch(session_->stream_.get_executor(),
                          [session = session_] { session->Close(); });
  }

  void Send(HttpResponse response) override {
    std::string bytes = session_->MakeHead(response, BodyFraming::kLength, keep_alive_);
    const bool has_body = !session_->is_head_ && response.status != 204;
    std::vector<std::string> pieces;
    pieces.push_back(std::move(bytes));
    if (has_body && !response.body.empty()) pieces.push_back(std::move(response.body));
    Put(std::move(pieces), true);
  }

  void Begin(HttpResponse head) override {
    chunked_ = session_->speaks_1_1_;
    if (!chunked_) keep_alive_ = false;
    std::vector<std::string> pieces;
    pieces.push_back(session_->MakeHead(
        head, chunked_ ? BodyFraming::kChunked : BodyFraming::kUntilClose, keep_alive_));
    AddPiece(std::move(head.body), pieces);
    Put(std::move(pieces), false);
  }

  bool Write(std::string piece) override {
    if (piece.empty()) return !gone_.load();
    {
      std::unique_lock lock(mutex_);
      drained_.wait(lock, [this] {
        return gone_.load() || queued_bytes_ < session_->context_->options.max_queued_bytes;
      });
    }
    if (gone_.load()) return false;
    std::vector<std::string> pieces;
    AddPiece(std::move(piece), pieces);
    Put(std::move(pieces), false);
    return true;
  }

  void End() override {
    std::vector<std::string> pieces;
    if (chunked_ && !session_->is_head_) pieces.emplace_back("0\r\n\r\n");
    Put(std::move(pieces), true);
  }

  void OnClientGone(std::function<void()> gone) override {
    {
      const std::lock_guard lock(mutex_);
      on_gone_ = std::move(gone);
    }
    if (gone_.load()) return NoteGone();
    boost::asio::dispatch(session_->stream_.get_executor(),
                          [session = session_] { session->Watch(); });
  }

  // On the strand: everything queued.
  Output Take() {
    const std::lock_guard lock(mutex_);
    queued_bytes_ = 0;
    drained_.notify_all();
    return {.pieces = std::exchange(queue_, {}), .last = ended_, .keep_alive = keep_alive_};
  }

  void NoteGone() {
    std::function<void()> on_gone;
    {
      const std::lock_guard lock(mutex_);
      gone_.store(true);
      on_gone = std::exchange(on_gone_, nullptr);
      drained_.notify_all();
    }
    if (on_gone) on_gone();
  }

 private:
  void AddPiece(std::string piece, std::vector<std::string>& pieces) const {
    if (piece.empty() || session_->is_head_) return;
    if (chunked_) pieces.push_back(ChunkHead(piece.size()));
    pieces.push_back(std::move(piece));
    if (chunked_) pieces.emplace_back("\r\n");
  }

  void Put(std::vector<std::string> pieces, bool last) {
    {
      const std::lock_guard lock(mutex_);
      for (auto& piece : pieces) {
        queued_bytes_ += piece.size();
        queue_.push_back(std::move(piece));
      }
      ended_ = ended_ || last;
    }
    if (session_->context_->stopped.load()) return;
    boost::asio::dispatch(session_->stream_.get_executor(),
                          [self = shared_from_this()] { self->session_->WriteQueued(); });
  }

  const std::shared_ptr<HttpSession> session_;
  bool chunked_ = false;  // Set before the first piece is queued.
  bool keep_alive_;       // The same.

  std::mutex mutex_;
  std::condition_variable drained_;
  std::vector<std::string> queue_;
  size_t queued_bytes_ = 0;
  bool ended_ = false;
  std::atomic<bool> gone_ = false;
  std::function<void()> on_gone_;
};

void HttpSession::Dispatch() {
  stream_.expires_never();
  const auto reply = std::make_shared<Reply>(shared_from_this());
  active_reply_ = reply;
  context_->handler.Handle(std::move(request_), reply);
}

void HttpSession::WriteQueued() {
  if (writing_ || closed_) return;
  const auto reply = active_reply_.lock();
  if (reply == nullptr) return;
  Output output = reply->Take();
  if (output.pieces.empty()) {
    if (output.last) OnAnswerWritten(output.keep_alive);
    return;
  }
  WriteOutput(reply, std::move(output));
}

void HttpSession::WriteOutput(std::shared_ptr<Reply> reply, Output output) {
  writing_ = true;
  ExpectProgress();
  const auto pieces = std::make_shared<std::vector<std::string>>(std::move(output.pieces));
  std::vector<boost::asio::const_buffer> buffers;
  for (const auto& piece : *pieces)
    buffers.push_back(boost::asio::buffer(piece));
  boost::asio::async_write(
      stream_, buffers,
      [self = shared_from_this(), reply = std::move(reply), pieces, last = output.last,
       keep_alive = output.keep_alive](error_code error, size_t) {
        self->writing_ = false;
        if (error) return self->Close();
        if (!last) return self->WriteQueued();
        self->OnAnswerWritten(keep_alive);
      });
}

void HttpSession::NoteClientGone() {
  if (const auto reply = active_reply_.lock()) reply->NoteGone();
}

void StartHttpSession(tcp::socket socket, std::shared_ptr<SessionContext> context) {
  std::make_shared<HttpSession>(std::move(socket), std::move(context))->Start();
}

void CloseHttpSessions(SessionContext& context, bool at_once) {
  std::vector<std::shared_ptr<HttpSession>> sessions;
  {
    const MutexLock lock(context.mutex);
    for (auto* session : context.sessions) {
      if (auto alive = session->weak_from_this().lock()) sessions.push_back(std::move(alive));
    }
  }
  for (const auto& session : sessions)
    session->RequestClose(at_once);
}

}  // namespace stria::server
