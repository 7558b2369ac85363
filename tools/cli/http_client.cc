#include "tools/cli/http_client.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>

#include <curl/curl.h>

#include "storage/base/errors.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/json_text.h"

namespace stria::cli {
namespace {

constexpr long kConnectTimeoutMs = 3000;

void InitializeLibrary() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

Status Failure(CURLcode code, const std::string& url) {
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK: return Cancelled("interrupted");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return InvalidArgument("\"{}\" is no address of a server; want one such as {}", url,
                             "http://127.0.0.1:8181");
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
      return IoError("the connection to {} broke before the answer was whole", url);
    default: return Unavailable("cannot reach {}: {}", url, curl_easy_strerror(code));
  }
}

}  // namespace

struct HttpClient::Transfer {
  CURL* handle = nullptr;
  std::string received;
  const std::function<bool(std::string_view)>* receiver = nullptr;

  static size_t OnBody(char* data, size_t size, size_t count, void* self) {
    auto* transfer = static_cast<Transfer*>(self);
    const std::string_view bytes(data, size * count);
    long status = 0;
    curl_easy_getinfo(transfer->handle, CURLINFO_RESPONSE_CODE, &status);
    if (transfer->receiver != nullptr && status == 200) {
      return (*transfer->receiver)(bytes) ? bytes.size() : 0;
    }
    transfer->received.append(bytes);
    return bytes.size();
  }

  static int OnProgress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return Interrupted() ? 1 : 0;
  }
};

HttpClient::HttpClient(std::string url, std::string token)
    : url_(std::move(url)), token_(std::move(token)), transfer_(std::make_unique<Transfer>()) {
  InitializeLibrary();
  while (url_.ends_with('/'))
    url_.pop_back();
  transfer_->handle = curl_easy_init();
}

HttpClient::~HttpClient() {
  curl_easy_cleanup(transfer_->handle);
}

Result<HttpAnswer> HttpClient::Get(const std::string& target) {
  return Perform(target, nullptr, {}, nullptr);
}

Result<HttpAnswer> HttpClient::Post(const std::string& target, std::string_view body,
                                    const std::vector<std::string>& headers) {
  return Perform(target, &body, headers, nullptr);
}

Result<HttpAnswer> HttpClient::PostStreaming(
    const std::string& target, std::string_view body, const std::vector<std::string>& headers,
    const std::function<bool(std::string_view)>& receiver) {
  return Perform(target, &body, headers, &receiver);
}

Result<HttpAnswer> HttpClient::Perform(const std::string& target, const std::string_view* body,
                                       const std::vector<std::string>& headers,
                                       const std::function<bool(std::string_view)>* receiver) {
  CURL* handle = transfer_->handle;
  curl_easy_reset(handle);
  transfer_->received.clear();
  transfer_->receiver = receiver;

  curl_slist* list = curl_slist_append(nullptr, "Expect:");  // No round trip before a body.
  if (!token_.empty()) list = curl_slist_append(list, ("Authorization: Bearer " + token_).c_str());
  for (const auto& header : headers)
    list = curl_slist_append(list, header.c_str());

  curl_easy_setopt(handle, CURLOPT_URL, (url_ + target).c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(handle, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer_.get());
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &Transfer::OnProgress);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  if (body != nullptr) {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body->data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
  }
  const CURLcode code = curl_easy_perform(handle);
  curl_slist_free_all(list);
  transfer_->receiver = nullptr;
  if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && receiver != nullptr)) {
    return Failure(code, url_);
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  HttpAnswer answer{static_cast<int>(status), std::move(transfer_->received)};
  curl_header* rows = nullptr;
  if (curl_easy_header(handle, "X-Stria-Rows-Written", 0, CURLH_HEADER, -1, &rows) == CURLHE_OK) {
    answer.rows_written = std::strtoll(rows->value, nullptr, 10);
  }
  return answer;
}

std::string UrlEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return encoded;
}

std::string ErrorMessage(const HttpAnswer& answer) {
  for (const std::string_view name : {"message", "error"}) {
    if (auto text = FindJsonString(answer.body, name)) {
      const auto line = FindJsonInteger(answer.body, "line");
      const auto column = FindJsonInteger(answer.body, "column");
      if (line && column) *text += fmt::format(", line {} column {}", *line, *column);
      const auto hint = FindJsonString(answer.body, "hint");
      if (hint && !hint->empty()) *text += ". " + *hint;
      return *text;
    }
  }
  return answer.body.empty() ? fmt::format("HTTP status {}", answer.status) : answer.body;
}

}  // namespace stria::cli
