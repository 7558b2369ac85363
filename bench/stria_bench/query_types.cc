#include "bench/stria_bench/query_types.h"

#include <algorithm>
#include <span>

#include <fmt/core.h>
#include <fmt/format.h>

#include "query/expr/time_text.h"
#include "storage/base/errors.h"
#include "storage/base/nearest_name.h"

namespace stria::bench {
namespace {

constexpr int64_t kMinute = 60'000'000'000;
constexpr int64_t kHour = 60 * kMinute;

constexpr std::string_view kMetrics[] = {
    "usage_user", "usage_system",  "usage_idle",  "usage_nice",  "usage_iowait",
    "usage_irq",  "usage_softirq", "usage_steal", "usage_guest", "usage_guest_nice"};
constexpr std::string_view kFleets[] = {"East", "West", "North", "South"};

// ", max(usage_user) AS max_usage_user" and so on, for the first metrics.
std::string Aggregates(std::string_view function, size_t num_metrics) {
  std::string text;
  for (const auto metric : std::span(kMetrics).first(num_metrics))
    text += fmt::format(", {}({}) AS {}_{}", function, metric, function, metric);
  return text;
}

std::string Window(const Question& question) {
  return fmt::format("time >= '{}' AND time < '{}'", query::FormatTimestamp(question.begin_ns),
                     query::FormatTimestamp(question.end_ns));
}

std::string In(std::string_view column, const Question& question) {
  std::string text = fmt::format("{} IN (", column);
  for (const auto& name : question.names)
    text += fmt::format("{}'{}'", text.back() == '(' ? "" : ", ", name);
  return text + ")";
}

QueryType Maxima(std::string name, size_t num_metrics, size_t num_hosts, int64_t hours,
                 std::string bucket) {
  return {.name = std::move(name),
          .window_ns = hours * kHour,
          .num_names = num_hosts,
          .make_sql = [num_metrics, bucket = std::move(bucket)](const Question& question) {
            return fmt::format(
                "SELECT time_bucket('{}', time) AS bucket{} FROM cpu WHERE {} AND {} "
                "GROUP BY bucket ORDER BY bucket",
                bucket, Aggregates("max", num_metrics), In("hostname", question), Window(question));
          }};
}

QueryType SingleGroupby(size_t num_metrics, size_t num_hosts, int64_t hours) {
  return Maxima(fmt::format("single-groupby-{}-{}-{}", num_metrics, num_hosts, hours), num_metrics,
                num_hosts, hours, "1 minute");
}

QueryType DoubleGroupby(std::string_view name, size_t num_metrics) {
  return {.name = fmt::format("double-groupby-{}", name),
          .window_ns = 12 * kHour,
          .num_names = 0,
          .make_sql = [num_metrics](const Question& question) {
            return fmt::format(
                "SELECT time_bucket('1 hour', time) AS hour, hostname{} FROM cpu WHERE {} "
                "GROUP BY hour, hostname ORDER BY hour, hostname",
                Aggregates("avg", num_metrics), Window(question));
          }};
}

QueryType HighCpu(std::string_view name, size_t num_hosts) {
  return {.name = fmt::format("high-cpu-{}", name),
          .window_ns = 12 * kHour,
          .num_names = num_hosts,
          .make_sql = [](const Question& question) {
            const std::string hosts =
                question.names.empty() ? std::string() : " AND " + In("hostname", question);
            return fmt::format("SELECT * FROM cpu WHERE usage_user > 90.0 AND {}{}",
                               Window(question), hosts);
          }};
}

QueryType Plain(std::string name, std::function<std::string(const Question&)> make_sql,
                int64_t window_ns = 0, size_t num_names = 0) {
  return {.name = std::move(name),
          .window_ns = window_ns,
          .num_names = num_names,
          .make_sql = std::move(make_sql)};
}

std::vector<QueryType> CpuTypes() {
  return {
      SingleGroupby(1, 1, 1),
      SingleGroupby(1, 1, 12),
      SingleGroupby(1, 8, 1),
      SingleGroupby(5, 1, 1),
      SingleGroupby(5, 1, 12),
      SingleGroupby(5, 8, 1),
      Maxima("cpu-max-all-1", 10, 1, 8, "1 hour"),
      Maxima("cpu-max-all-8", 10, 8, 8, "1 hour"),
      Maxima("cpu-max-all-32-24", 10, 32, 24, "1 hour"),
      DoubleGroupby("1", 1),
      DoubleGroupby("5", 5),
      DoubleGroupby("all", 10),
      HighCpu("1", 1),
      HighCpu("all", 0),
      Plain("lastpoint",
            [](const Question&) {
              return std::string(
                  "SELECT DISTINCT ON (hostname) * FROM cpu ORDER BY hostname, time DESC");
            }),
      Plain(
          "groupby-orderby-limit",
          [](const Question& question) {
            return fmt::format(
                "SELECT time_bucket('1 minute', time) AS minute, max(usage_user) FROM cpu "
                "WHERE time < '{}' GROUP BY minute ORDER BY minute DESC LIMIT 5",
                query::FormatTimestamp(question.end_ns));
          },
          kHour),
  };
}

// The newest row of every truck of a fleet, or of one truck. A truck is its name: rows that lack
// another tag are rows of the same truck.
std::string LastOfTrucks(std::string_view table, std::string_view columns,
                         const std::string& condition) {
  return fmt::format(
      "SELECT DISTINCT ON (name) name, driver, {} FROM {} WHERE name IS NOT NULL AND {} "
      "ORDER BY name, time DESC",
      columns, table, condition);
}

std::string OfFleet(const Question& question) {
  return fmt::format("fleet = '{}'", question.fleet);
}

std::string LongSessions(const Question& question, int num_buckets) {
  return fmt::format(
      "SELECT name, driver FROM (SELECT time_bucket('10 minutes', time) AS ten_minutes, name, "
      "driver FROM readings WHERE {} AND name IS NOT NULL AND {} GROUP BY ten_minutes, name, "
      "driver HAVING avg(velocity) > 1) AS driven GROUP BY name, driver "
      "HAVING count(ten_minutes) > {}",
      Window(question), OfFleet(question), num_buckets);
}

std::vector<QueryType> IotTypes() {
  return {
      Plain("last-loc",
            [](const Question& question) {
              return LastOfTrucks("readings", "longitude, latitude", OfFleet(question));
            }),
      Plain(
          "single-last-loc",
          [](const Question& question) {
            return LastOfTrucks("readings", "longitude, latitude", In("name", question));
          },
          0, 1),
      Plain("low-fuel",
            [](const Question& question) {
              return fmt::format(
                  "SELECT name, driver, fuel_state FROM ({}) AS latest WHERE fuel_state < 0.1",
                  LastOfTrucks("diagnostics", "fuel_state", OfFleet(question)));
            }),
      Plain("high-load",
            [](const Question& question) {
              return fmt::format(
                  "SELECT name, driver, current_load FROM ({}) AS latest "
                  "WHERE current_load / load_capacity > 0.9",
                  LastOfTrucks("diagnostics", "current_load, load_capacity", OfFleet(question)));
            }),
      Plain(
          "stationary-trucks",
          [](const Question& question) {
            return fmt::format(
                "SELECT name, driver FROM readings WHERE {} AND name IS NOT NULL AND {} "
                "GROUP BY name, driver HAVING avg(velocity) < 1",
                Window(question), OfFleet(question));
          },
          10 * kMinute),
      // More than 22 of the 24 or 25 buckets: at most 5 minutes of rest an hour.
      Plain(
          "long-driving-sessions",
          [](const Question& question) { return LongSessions(question, 22); }, 4 * kHour),
      Plain(
          "long-daily-sessions",
          [](const Question& question) { return LongSessions(question, 60); }, 24 * kHour),
      Plain("avg-vs-projected-fuel-consumption",
            [](const Question&) {
              return std::string(
                  "SELECT fleet, avg(fuel_consumption) AS avg_fuel_consumption, "
                  "avg(nominal_fuel_consumption) AS projected_fuel_consumption FROM readings "
                  "WHERE velocity > 1 AND fleet IS NOT NULL AND nominal_fuel_consumption IS NOT "
                  "NULL AND name IS NOT NULL GROUP BY fleet");
            }),
      Plain("avg-daily-driving-duration",
            [](const Question&) {
              return std::string(
                  "WITH driven AS (SELECT time_bucket('10 minutes', time) AS ten_minutes, fleet, "
                  "name, driver FROM readings WHERE name IS NOT NULL GROUP BY ten_minutes, fleet, "
                  "name, driver HAVING avg(velocity) > 1), daily AS (SELECT "
                  "time_bucket('24 hours', ten_minutes) AS day, fleet, name, driver, "
                  "count(*) / 6 AS hours FROM driven GROUP BY day, fleet, name, driver) "
                  "SELECT fleet, name, driver, avg(hours) AS avg_daily_hours FROM daily "
                  "GROUP BY fleet, name, driver");
            }),
      Plain("avg-daily-driving-session",
            [](const Question&) {
              return std::string(
                  "WITH driver_status AS (SELECT name, time_bucket('10 minutes', time) AS "
                  "ten_minutes, avg(velocity) > 5 AS driving FROM readings WHERE name IS NOT NULL "
                  "GROUP BY name, ten_minutes), driver_status_change AS (SELECT name, ten_minutes "
                  "AS start, lead(ten_minutes) OVER (PARTITION BY name ORDER BY ten_minutes) AS "
                  "stop, driving FROM (SELECT name, ten_minutes, driving, lag(driving) OVER "
                  "(PARTITION BY name ORDER BY ten_minutes) AS was_driving FROM driver_status) AS "
                  "statuses WHERE driving <> was_driving) SELECT name, "
                  "time_bucket('24 hours', start) AS day, avg(stop - start) AS duration FROM "
                  "driver_status_change WHERE driving GROUP BY name, day ORDER BY name, day");
            }),
      Plain("avg-load",
            [](const Question&) {
              return std::string(
                  "SELECT fleet, model, load_capacity, avg(avg_load / load_capacity) AS "
                  "avg_load_percentage FROM (SELECT fleet, model, load_capacity, name, "
                  "avg(current_load) AS avg_load FROM diagnostics WHERE name IS NOT NULL "
                  "GROUP BY fleet, model, load_capacity, name) AS loads "
                  "GROUP BY fleet, model, load_capacity");
            }),
      Plain("daily-activity",
            [](const Question&) {
              return std::string(
                  "SELECT fleet, model, day, sum(ten_mins_per_day) / 144 AS daily_activity FROM "
                  "(SELECT time_bucket('24 hours', time) AS day, time_bucket('10 minutes', time) "
                  "AS ten_minutes, fleet, model, name, count(*) AS ten_mins_per_day FROM "
                  "diagnostics WHERE name IS NOT NULL GROUP BY day, ten_minutes, fleet, model, "
                  "name HAVING avg(status) < 1) AS active GROUP BY fleet, model, day ORDER BY day");
            }),
      // Broken down: half of the rows or more have status 0, which is what the suite means.
      Plain(
          "breakdown-frequency",
          [](const Question&) {
            return std::string(
                "WITH breakdowns AS (SELECT time_bucket('10 minutes', time) AS ten_minutes, name, "
                "max(model) AS model, 2 * count(*) FILTER (WHERE status = 0) >= count(*) AS "
                "broken_down FROM diagnostics WHERE name IS NOT NULL GROUP BY ten_minutes, "
                "name), statuses AS (SELECT model, broken_down, lead(broken_down) OVER "
                "(PARTITION BY name ORDER BY ten_minutes) AS next_broken_down FROM breakdowns) "
                "SELECT model, count(*) AS breakdowns FROM statuses WHERE NOT broken_down AND "
                "next_broken_down GROUP BY model");
          }),
  };
}

}  // namespace

const std::vector<QueryType>& QueryTypes(WorkloadKind kind) {
  static const std::vector<QueryType> cpu = CpuTypes();
  static const std::vector<QueryType> iot = IotTypes();
  return kind == WorkloadKind::kIot ? iot : cpu;
}

Result<std::vector<const QueryType*>> ChooseTypes(WorkloadKind kind,
                                                  const std::vector<std::string>& names) {
  const auto& all = QueryTypes(kind);
  std::vector<const QueryType*> chosen;
  std::vector<std::string> known;
  for (const auto& type : all) {
    known.push_back(type.name);
    if (names.empty()) chosen.push_back(&type);
  }
  for (const auto& name : names) {
    const auto found = std::ranges::find(all, name, &QueryType::name);
    if (found == all.end()) {
      const std::string nearest = NearestName(name, known);
      return InvalidArgument("--types: there is no \"{}\". {}", name,
                             nearest.empty() ? fmt::format("There are {}.", fmt::join(known, ", "))
                                             : fmt::format("Did you mean \"{}\"?", nearest));
    }
    chosen.push_back(&*found);
  }
  return chosen;
}

std::optional<std::string> Misfit(const QueryType& type, const DataShape& data) {
  if (type.window_ns > 0 && data.end_ns - data.begin_ns <= type.window_ns) {
    return fmt::format(
        "it needs more than {:g} h of data, there are {:.1f}",
        static_cast<double>(type.window_ns) / static_cast<double>(kHour),
        static_cast<double>(data.end_ns - data.begin_ns) / static_cast<double>(kHour));
  }
  if (data.names.size() < type.num_names) {
    return fmt::format("it needs {} hosts, there are {}", type.num_names, data.names.size());
  }
  return std::nullopt;
}

Question DrawQuestion(const QueryType& type, const DataShape& data, Rng& random) {
  Question question{.begin_ns = data.begin_ns, .end_ns = data.end_ns, .names = {}, .fleet = {}};
  if (type.window_ns > 0) {
    const auto room = static_cast<uint64_t>(data.end_ns - data.begin_ns - type.window_ns);
    question.begin_ns = data.begin_ns + static_cast<int64_t>(random.Below(room));
    question.end_ns = question.begin_ns + type.window_ns;
  }
  while (question.names.size() < type.num_names) {
    const std::string& name = data.names[random.Below(data.names.size())];
    if (std::ranges::count(question.names, name) == 0) question.names.push_back(name);
  }
  question.fleet = kFleets[random.Below(std::size(kFleets))];
  return question;
}

std::vector<std::string> DrawTexts(const QueryType& type, const DataShape& data, uint64_t seed,
                                   size_t count) {
  // Other numbers for each type, so that their windows do not follow each other.
  for (const char c : type.name)
    seed = seed * 31 + static_cast<unsigned char>(c);
  Rng random(seed);
  std::vector<std::string> texts;
  for (size_t i = 0; i < count; ++i)
    texts.push_back(type.make_sql(DrawQuestion(type, data, random)));
  return texts;
}

}  // namespace stria::bench
