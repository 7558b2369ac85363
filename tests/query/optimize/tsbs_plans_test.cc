// The plans of the TSBS queries: every condition on time and tags is in the scan, and the aggregate
// stands right above it, so that it can work on runs.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/query/bind/plant.h"

namespace stria::query {
namespace {

constexpr const char* kWindow =
    "time >= '2016-01-03 12:26:46.646325 +0000' AND time < '2016-01-03 13:26:46.646325 +0000'";
const std::string kRange =
    " time >= 2016-01-03T12:26:46.646325000Z and time < 2016-01-03T13:26:46.646325000Z";

// SELECT *: tags of one write stand in the order of their names.
const std::string kStar =
    "time, arch, datacenter, hostname, os, rack, region, service, service_environment, "
    "service_version, team, usage_user, usage_system, usage_idle, usage_nice, usage_iowait, "
    "usage_irq, usage_softirq, usage_steal, usage_guest, usage_guest_nice";

std::string Metrics(const char* call, const char* prefix, int num_metrics) {
  static constexpr const char* kNames[] = {"user", "system",  "idle",  "nice",  "iowait",
                                           "irq",  "softirq", "steal", "guest", "guest_nice"};
  std::string list;
  for (int i = 0; i < num_metrics; ++i) {
    const std::string metric = std::string("usage_") + kNames[i];
    list += std::string(i == 0 ? "" : ", ") + call + "(" + metric + ")";
    if (*prefix != '\0') list += std::string(" AS ") + prefix + metric;
  }
  return list;
}

TEST(TsbsPlansTest, SingleGroupby) {
  Plant plant;
  for (const char* bucket : {"time_bucket('60 seconds', time)", "time_bucket('1m', time)",
                             "time_bucket(interval '1 minute', time)"}) {
    const std::string sql =
        std::string("SELECT ") + bucket +
        " AS minute, max(usage_user) AS max_usage_user FROM cpu WHERE hostname IN "
        "('host_49', 'host_3') AND " +
        kWindow + " GROUP BY minute ORDER BY minute ASC";
    EXPECT_EQ(plant.Optimized(sql), std::string("Sort by ") + bucket +
                                        "\n"
                                        "  Aggregate max(usage_user) by " +
                                        bucket +
                                        "\n"
                                        "    Scan plant.cpu [time, usage_user]" +
                                        kRange + "; hostname in ('host_49', 'host_3')\n");
  }
}

TEST(TsbsPlansTest, CpuMaxAll) {
  Plant plant;
  EXPECT_EQ(
      plant.Optimized("SELECT time_bucket('3600 seconds', time) AS hour, " +
                      Metrics("max", "max_", 10) + " FROM cpu WHERE hostname IN ('host_49') AND " +
                      kWindow + " GROUP BY hour ORDER BY hour"),
      "Sort by time_bucket('3600 seconds', time)\n"
      "  Aggregate " +
          Metrics("max", "", 10) +
          " by time_bucket('3600 seconds', time)\n"
          "    Scan plant.cpu [time, usage_user, usage_system, usage_idle, usage_nice, "
          "usage_iowait, usage_irq, usage_softirq, usage_steal, usage_guest, usage_guest_nice]" +
          kRange + "; hostname in ('host_49')\n");
}

TEST(TsbsPlansTest, DoubleGroupby) {
  Plant plant;
  const std::string expected = "  Aggregate " + Metrics("avg", "", 5) +
                               " by time_bucket('3600 seconds', time), hostname\n"
                               "    Scan plant.cpu [time, hostname, usage_user, usage_system, "
                               "usage_idle, usage_nice, usage_iowait]" +
                               kRange + "\n";
  EXPECT_EQ(plant.Optimized("SELECT time_bucket('3600 seconds', time) AS hour, hostname, " +
                            Metrics("avg", "mean_", 5) + " FROM cpu WHERE " + kWindow +
                            " GROUP BY hour, hostname ORDER BY hour, hostname"),
            "Sort by time_bucket('3600 seconds', time), hostname\n" + expected);
  // As the suite spells it for TimescaleDB.
  EXPECT_EQ(
      plant.Optimized("WITH cpu_avg AS ( SELECT time_bucket('3600 seconds', time) as hour, "
                      "hostname, " +
                      Metrics("avg", "mean_", 5) + " FROM cpu WHERE " + kWindow +
                      " GROUP BY 1, 2 ) SELECT hour, hostname, mean_usage_user, "
                      "mean_usage_system, mean_usage_idle, mean_usage_nice, mean_usage_iowait "
                      "FROM cpu_avg ORDER BY hour, hostname"),
      "Sort by hour, hostname\n" + expected);
}

TEST(TsbsPlansTest, HighCpu) {
  Plant plant;
  EXPECT_EQ(plant.Optimized(std::string("SELECT * FROM cpu WHERE usage_user > 90.0 AND ") +
                            kWindow + " AND hostname IN ('host_35')"),
            "Filter usage_user > 90.0\n"
            "  Scan plant.cpu [" +
                kStar + "]" + kRange +
                "; hostname in ('host_35'); skip vectors unless usage_user > 90\n");
}

TEST(TsbsPlansTest, Lastpoint) {
  Plant plant;
  EXPECT_EQ(
      plant.Optimized("SELECT DISTINCT ON (hostname) * FROM cpu ORDER BY hostname, time DESC"),
      "First row of each hostname by hostname, time DESC\n"
      "  Scan plant.cpu [" +
          kStar +
          "]; last "
          "row of each series\n");
}

TEST(TsbsPlansTest, GroupbyOrderbyLimit) {
  Plant plant;
  EXPECT_EQ(
      plant.Optimized("SELECT time_bucket('60 seconds', time) AS minute, max(usage_user) FROM cpu "
                      "WHERE time < '2016-01-03 13:26:46.646325 +0000' GROUP BY minute ORDER BY "
                      "minute DESC LIMIT 5"),
      "Limit 5\n"
      "  Sort by time_bucket('60 seconds', time) DESC, first 5 only\n"
      "    Aggregate max(usage_user) by time_bucket('60 seconds', time)\n"
      "      Scan plant.cpu [time, usage_user] time < 2016-01-03T13:26:46.646325000Z\n");
}

// The fleet of TSBS IoT in our SQL: what its questions have in common with the plant's table.
TEST(TsbsPlansTest, IotQuestionsPushTheirTags) {
  Plant plant;
  EXPECT_EQ(
      plant.Optimized("SELECT DISTINCT ON (device) device, line, temperature, pressure FROM "
                      "readings WHERE site = 'South' AND device IS NOT NULL ORDER BY device, "
                      "time DESC"),
      "Project device, line, temperature, pressure\n"
      "  First row of each device by device, time DESC\n"
      "    Scan plant.readings [time, device, line, temperature, pressure]; site in ('South'); "
      "device is not null; last row of each series\n");
  EXPECT_EQ(
      plant.Optimized("SELECT device, line FROM (SELECT time_bucket('10 minutes', time) AS ten, "
                      "device, line, site FROM readings GROUP BY ten, device, line, site HAVING "
                      "avg(temperature) > 1) WHERE device IS NOT NULL AND site = 'West' GROUP BY "
                      "device, line HAVING count(*) > 22"),
      "Project device, line\n"
      "  Filter count(*) > 22\n"
      "    Aggregate count(*) by device, line\n"
      "      Project device, line\n"
      "        Filter avg(temperature) > 1\n"
      "          Aggregate avg(temperature) by time_bucket('10 minutes', time), device, line, "
      "site\n"
      "            Scan plant.readings [time, device, line, site, temperature]; device is not "
      "null; site in ('West')\n");
}

}  // namespace
}  // namespace stria::query
