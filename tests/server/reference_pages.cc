#include "tests/server/reference_pages.h"

#include <string_view>

#include <fmt/format.h>

#include "server/server_metrics.h"
#include "storage/base/error_codes.h"
#include "storage/base/settings.h"

namespace stria::server {
namespace {

std::string_view TypeName(SettingType type) {
  switch (type) {
    case SettingType::kText: return "text";
    case SettingType::kCount: return "number";
    case SettingType::kSize: return "size";
    case SettingType::kDuration: return "duration";
    case SettingType::kFlag: return "true or false";
  }
  return "";
}

// storage.wal_segment -> STRIA__STORAGE__WAL_SEGMENT
std::string VariableOf(std::string_view name) {
  std::string variable = "STRIA__";
  for (const char c : name) {
    if (c == '.') {
      variable += "__";
    } else {
      variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
    }
  }
  return variable;
}

}  // namespace

std::string ConfigurationPage() {
  std::string page = R"(# Configuration

Every setting has a default. The environment overrides it, and the command line overrides the environment:

    STRIA__STORAGE__MEMORY=4GiB stria serve --set query.timeout=10s

`--data`, `--http`, `--memory`, `--shards`, `--log` and `--insecure` are short for `server.data`, `server.http`, `server.memory`,
`storage.shards`, `log.format` and `server.insecure=true`. A name or a value that cannot be is refused at the start, with exit code 2.
What is in force says `SELECT * FROM system.settings`.

Sizes have a unit, `B KiB MiB GiB TiB` or `kB MB GB TB`; a number alone is bytes. Durations have one of `ns us ms s m h d w mo y`, and may be
added up: `1h30m`.

| setting | type | default | environment | what it does |
|---|---|---|---|---|
)";
  for (const auto& setting : AllSettings()) {
    page += fmt::format("| `{}` | {} | `{}` | `{}` | {} |\n", setting.name, TypeName(setting.type),
                        setting.default_text, VariableOf(setting.name), setting.description);
  }
  return page;
}

std::string MetricsPage() {
  std::string page = R"(# Metrics

`GET /metrics` gives them in Prometheus' text format. Counters begin at 0 with each start of the server.

| metric | type | labels | what it is |
|---|---|---|---|
)";
  for (const auto& metric : AllMetrics()) {
    page += fmt::format("| `{}` | {} | {} | {} |\n", metric.name, metric.type,
                        metric.labels.empty() ? std::string() : fmt::format("`{}`", metric.labels),
                        metric.description);
  }
  return page;
}

std::string ErrorsPage() {
  std::string page = R"(# Errors

A refused request is answered in the form that clients of its route expect:

| route | body |
|---|---|
| `/api/v1/...`, `/health`, `/ready`, `/metrics` | `{"error":{"code","message","line","column","hint","request_id"}}` |
| `/write` with `db` or `bucket`, `/ping` | `{"error":"message"}`, as InfluxDB 1, and the header `X-Influxdb-Error` |
| `/api/v2/...` | `{"code","message"}`, as InfluxDB 2, and the header `X-Platform-Error-Code` |
| `/write` without either | `{"code","message","line","errorId"}`, as QuestDB |

`line` and `column` count from 1, and are null where no place is to blame. When rows of an answer have been sent already, the error is the last
member of the JSON object, `"error":{...}`, or the last JSON line, `{"error":{...}}`; in other formats the connection breaks, so that
nobody takes the answer for whole.

A status of 503 has the header `Retry-After`. A write that was refused with it can be sent again unchanged: rows replace themselves.

| code | status | what happened |
|---|---|---|
)";
  for (const auto& code : AllErrorCodes())
    page += fmt::format("| `{}` | {} | {} |\n", code.code, code.http_status, code.description);
  return page;
}

}  // namespace stria::server
