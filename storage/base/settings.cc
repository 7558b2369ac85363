#include "storage/base/settings.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/base/nearest_name.h"
#include "storage/base/units.h"

namespace stria {
namespace {

constexpr int64_t kMi = 1 << 20;
constexpr int64_t kSecondNs = 1'000'000'000;

constexpr SettingDef kSettings[] = {
    {"ingest.create_databases", SettingType::kFlag, "true", 0, 1,
     "Whether a write to an unknown database creates it; otherwise it is answered 404."},
    {"ingest.max_batch", SettingType::kSize, "64MiB", 1 << 16, 1024 * kMi,
     "Greatest body of one write, after decompression; larger ones are answered 413."},
    {"ingest.max_columns", SettingType::kCount, "10000", 1, 100'000,
     "Greatest number of columns of a table without a limit of its own."},
    {"ingest.max_in_flight", SettingType::kSize, "512MiB", kMi, INT64_MAX,
     "Bytes of write bodies that are worked on at once; beyond, writes are answered 503."},
    {"ingest.max_series", SettingType::kCount, "20000000", 1, UINT32_MAX,
     "Greatest number of series of a table without a limit of its own; known series go on."},
    {"ingest.series_cache", SettingType::kSize, "64MiB", 0, INT64_MAX,
     "Memory for the texts of series whose id is known, which need not be taken apart again; 0 is "
     "none."},
    {"log.format", SettingType::kText, "text", 0, 0, "Log lines as text or json."},
    {"query.max_rows", SettingType::kCount, "0", 0, INT64_MAX,
     "Greatest number of rows of an answer; 0 is no limit."},
    {"query.memory", SettingType::kSize, "1GiB", kMi, INT64_MAX, "Memory that one query may use."},
    {"query.timeout", SettingType::kDuration, "60s", 1, INT64_MAX, "Time that one query may take."},
    {"server.data", SettingType::kText, "./.stria", 0, 0, "Data directory."},
    {"server.http", SettingType::kText, "127.0.0.1:8181", 0, 0,
     "Address of the HTTP listener; port 0 picks a free one."},
    {"server.insecure", SettingType::kFlag, "false", 0, 1,
     "Whether to listen on an address that other machines reach, without authentication and TLS."},
    {"server.memory", SettingType::kSize, "0", 0, INT64_MAX,
     "Memory that the process may use, of which all others have shares at most; 0 is 60 % of what "
     "the machine or the control group has."},
    {"server.threads", SettingType::kCount, "0", 0, 1024,
     "Threads for requests and queries; 0 is one for each processor."},
    {"storage.cache", SettingType::kSize, "512MiB", kMi, INT64_MAX,
     "Memory for encoded pages of parts."},
    {"storage.compact_after", SettingType::kDuration, "30s", kSecondNs, INT64_MAX,
     "Age at which an idle table is compacted."},
    {"storage.compact_rate", SettingType::kSize, "128MiB", kMi, INT64_MAX,
     "Bytes a second that compaction writes by itself, at most."},
    {"storage.disk_reserve", SettingType::kSize, "64MiB", 0, INT64_MAX,
     "Free space below which writes are answered 503 disk_full; at most a 32nd of the disk."},
    {"storage.flush_after", SettingType::kDuration, "10m", kSecondNs, INT64_MAX,
     "Age at which rows in memory are written into parts."},
    {"storage.memory", SettingType::kSize, "2GiB", kMi, INT64_MAX,
     "Memory for rows that are not in parts yet."},
    {"storage.memtable", SettingType::kSize, "128MiB", 1 << 10, INT64_MAX,
     "Size at which a table's rows in memory are written into parts."},
    {"storage.partition", SettingType::kDuration, "1d", kSecondNs, INT64_MAX,
     "Partition width of new tables."},
    {"storage.shards", SettingType::kCount, "0", 0, 4096,
     "Number of shards, fixed at the first start; 0 is what the directory has, or 1."},
    {"storage.wal", SettingType::kSize, "256MiB", kMi, INT64_MAX,
     "Write-ahead log that is kept at most before tables are written into parts."},
    {"storage.wal_segment", SettingType::kSize, "16MiB", kMi, 64 * kMi,
     "Size of a segment of the write-ahead log."},
};

const SettingDef* Find(std::string_view name) {
  const auto* found = std::ranges::find(kSettings, name, &SettingDef::name);
  return found == std::end(kSettings) ? nullptr : found;
}

const SettingDef& MustFind(std::string_view name) {
  const SettingDef* setting = Find(name);
  STRIA_CHECK(setting != nullptr);
  return *setting;
}

// The value of a number, size, duration or flag.
Result<int64_t> ParseValue(const SettingDef& setting, std::string_view text) {
  switch (setting.type) {
    case SettingType::kSize: {
      STRIA_ASSIGN_OR_RETURN(const uint64_t size, ParseSize(text));
      return static_cast<int64_t>(std::min<uint64_t>(size, INT64_MAX));
    }
    case SettingType::kDuration: return ParseDuration(text);
    case SettingType::kFlag:
      if (text == "true" || text == "on" || text == "1") return int64_t{1};
      if (text == "false" || text == "off" || text == "0") return int64_t{0};
      return InvalidArgument("\"{}\" is not true or false", text);
    case SettingType::kText: return int64_t{0};
    case SettingType::kCount: break;
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return InvalidArgument("\"{}\" is not a whole number", text);
  }
  return value;
}

}  // namespace

std::span<const SettingDef> AllSettings() {
  return kSettings;
}

Status Settings::Set(std::string_view name, std::string_view text) {
  const SettingDef* setting = Find(name);
  if (setting == nullptr) {
    std::vector<std::string> names;
    for (const auto& known : kSettings)
      names.emplace_back(known.name);
    const auto nearest = NearestName(name, names);
    return InvalidArgument(
        "setting {} is not known{}", name,
        nearest.empty() ? std::string() : fmt::format(". Did you mean {}?", nearest));
  }
  const auto value = ParseValue(*setting, text);
  if (!value) return value.error().WithContext(name);
  if (setting->type != SettingType::kText &&
      (*value < setting->least || *value > setting->greatest)) {
    return InvalidArgument("{}: {} is out of range", name, text);
  }
  texts_.insert_or_assign(std::string(name), std::string(text));
  return Status::Ok();
}

Status Settings::SetFromEnvironment(const char* const* environment) {
  constexpr std::string_view kPrefix = "STRIA__";
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    const size_t equals = variable.find('=');
    if (!variable.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    std::string name(variable.substr(kPrefix.size(), equals - kPrefix.size()));
    for (char& c : name)
      c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (const size_t separator = name.find("__"); separator != std::string::npos) {
      name.replace(separator, 2, ".");
    }
    STRIA_RETURN_IF_ERROR(Set(name, variable.substr(equals + 1)).WithContext("environment"));
  }
  return Status::Ok();
}

std::string Settings::Text(std::string_view name) const {
  const auto found = texts_.find(name);
  return found != texts_.end() ? found->second : std::string(MustFind(name).default_text);
}

int64_t Settings::Count(std::string_view name) const {
  const auto value = ParseValue(MustFind(name), Text(name));
  STRIA_CHECK(value.has_value());  // Set() has parsed it before.
  return *value;
}

uint64_t Settings::Size(std::string_view name) const {
  return static_cast<uint64_t>(Count(name));
}
int64_t Settings::DurationNs(std::string_view name) const {
  return Count(name);
}
bool Settings::Flag(std::string_view name) const {
  return Count(name) != 0;
}
bool Settings::IsDefault(std::string_view name) const {
  return !texts_.contains(name);
}

}  // namespace stria
