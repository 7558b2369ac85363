#include "bench/workload/host_measurements.h"

#include <cmath>
#include <limits>

#include <fmt/core.h>

namespace stria::bench {
namespace {

constexpr double kGib = 1073741824;
constexpr double kDiskBytes = 1024 * kGib;
constexpr double kInodeBytes = 4096;

constexpr Walk Clamped(double mean, double deviation, double min, double max, double first) {
  return {.mean = mean, .deviation = deviation, .min = min, .max = max, .first = first};
}

constexpr Walk ClampedAnywhere(double mean, double deviation, double min, double max) {
  return {
      .mean = mean, .deviation = deviation, .min = min, .max = max, .start = Walk::Start::kUniform};
}

constexpr Walk Free(double mean, double deviation) {
  constexpr double kNoBound = std::numeric_limits<double>::infinity();
  return {.mean = mean, .deviation = deviation, .min = -kNoBound, .max = kNoBound};
}

constexpr Walk Growing(double mean, double deviation) {
  Walk walk = Free(mean, deviation);
  walk.grows = true;
  return walk;
}

double Constant(const FieldInputs& inputs) {
  return inputs.constant;
}
double Uptime(const FieldInputs& inputs) {
  return static_cast<double>(inputs.tick_seconds);
}

double DiskTotal(const FieldInputs&) {
  return kDiskBytes;
}
double DiskUsed(const FieldInputs& inputs) {
  return kDiskBytes - std::trunc(inputs.walks[0]);
}
double DiskUsedPercent(const FieldInputs& inputs) {
  return 100 * DiskUsed(inputs) / kDiskBytes;
}
double InodesTotal(const FieldInputs&) {
  return kDiskBytes / kInodeBytes;
}
double InodesFree(const FieldInputs& inputs) {
  return std::trunc(std::trunc(inputs.walks[0]) / kInodeBytes);
}
double InodesUsed(const FieldInputs& inputs) {
  return InodesTotal(inputs) - InodesFree(inputs);
}

// The walks of mem are shares of the host's memory, which is its constant.
enum MemWalk { kUsed, kCached, kBuffered };
double MemUsed(const FieldInputs& inputs) {
  return inputs.walks[kUsed] * inputs.constant;
}
double MemCached(const FieldInputs& inputs) {
  return inputs.walks[kCached] * inputs.constant;
}
double MemBuffered(const FieldInputs& inputs) {
  return inputs.walks[kBuffered] * inputs.constant;
}
double MemAvailable(const FieldInputs& inputs) {
  return inputs.constant - std::trunc(MemUsed(inputs));
}
double MemUsedPercent(const FieldInputs& inputs) {
  return 100 * inputs.walks[kUsed];
}
double MemAvailablePercent(const FieldInputs& inputs) {
  return 100 * (1 - inputs.walks[kUsed]);
}
double MemBufferedPercent(const FieldInputs& inputs) {
  return 100 * inputs.walks[kBuffered];
}

constexpr Walk kCpuWalks[] = {ClampedAnywhere(0, 1, 0, 100), ClampedAnywhere(0, 1, 0, 100),
                              ClampedAnywhere(0, 1, 0, 100), ClampedAnywhere(0, 1, 0, 100),
                              ClampedAnywhere(0, 1, 0, 100), ClampedAnywhere(0, 1, 0, 100),
                              ClampedAnywhere(0, 1, 0, 100), ClampedAnywhere(0, 1, 0, 100),
                              ClampedAnywhere(0, 1, 0, 100), ClampedAnywhere(0, 1, 0, 100)};
constexpr FieldDef kCpuFields[] = {
    {.name = "usage_user", .walk = 0},    {.name = "usage_system", .walk = 1},
    {.name = "usage_idle", .walk = 2},    {.name = "usage_nice", .walk = 3},
    {.name = "usage_iowait", .walk = 4},  {.name = "usage_irq", .walk = 5},
    {.name = "usage_softirq", .walk = 6}, {.name = "usage_steal", .walk = 7},
    {.name = "usage_guest", .walk = 8},   {.name = "usage_guest_nice", .walk = 9}};

constexpr Walk kDiskioWalks[] = {Growing(50, 1), Growing(50, 1), Growing(100, 1), Growing(100, 1),
                                 Growing(5, 1),  Growing(5, 1),  Growing(5, 1)};
constexpr FieldDef kDiskioFields[] = {
    {.name = "reads", .walk = 0},      {.name = "writes", .walk = 1},
    {.name = "read_bytes", .walk = 2}, {.name = "write_bytes", .walk = 3},
    {.name = "read_time", .walk = 4},  {.name = "write_time", .walk = 5},
    {.name = "io_time", .walk = 6}};

constexpr Walk kDiskWalks[] = {Clamped(50, 1, 0, kDiskBytes, kDiskBytes / 2)};
constexpr FieldDef kDiskFields[] = {{.name = "total", .compute = DiskTotal},
                                    {.name = "free", .walk = 0},
                                    {.name = "used", .compute = DiskUsed},
                                    {.name = "used_percent", .compute = DiskUsedPercent},
                                    {.name = "inodes_total", .compute = InodesTotal},
                                    {.name = "inodes_free", .compute = InodesFree},
                                    {.name = "inodes_used", .compute = InodesUsed}};

constexpr Walk kKernelWalks[] = {Growing(5, 1), Growing(5, 1), Growing(5, 1), Growing(5, 1),
                                 Growing(5, 1)};
constexpr FieldDef kKernelFields[] = {
    {.name = "boot_time", .compute = Constant}, {.name = "interrupts", .walk = 0},
    {.name = "context_switches", .walk = 1},    {.name = "processes_forked", .walk = 2},
    {.name = "disk_pages_in", .walk = 3},       {.name = "disk_pages_out", .walk = 4}};

constexpr Walk kMemWalks[] = {ClampedAnywhere(0, 1.0 / 64, 0, 1),
                              ClampedAnywhere(0, 1.0 / 64, 0, 1),
                              ClampedAnywhere(0, 1.0 / 64, 0, 1)};
constexpr FieldDef kMemFields[] = {
    {.name = "total", .compute = Constant},
    {.name = "available", .compute = MemAvailable},
    {.name = "used", .compute = MemUsed},
    {.name = "free", .compute = MemAvailable},
    {.name = "cached", .compute = MemCached},
    {.name = "buffered", .compute = MemBuffered},
    {.name = "used_percent", .compute = MemUsedPercent, .is_float = true},
    {.name = "available_percent", .compute = MemAvailablePercent, .is_float = true},
    {.name = "buffered_percent", .compute = MemBufferedPercent, .is_float = true}};

constexpr Walk kNetWalks[] = {Growing(50, 1), Growing(50, 1), Growing(50, 1), Growing(50, 1),
                              Growing(5, 1),  Growing(5, 1),  Growing(5, 1),  Growing(5, 1)};
constexpr FieldDef kNetFields[] = {
    {.name = "bytes_sent", .walk = 0},   {.name = "bytes_recv", .walk = 1},
    {.name = "packets_sent", .walk = 2}, {.name = "packets_recv", .walk = 3},
    {.name = "err_in", .walk = 4},       {.name = "err_out", .walk = 5},
    {.name = "drop_in", .walk = 6},      {.name = "drop_out", .walk = 7}};

constexpr Walk kNginxWalks[] = {
    Growing(5, 1), Clamped(5, 1, 0, 100, 0), Growing(5, 1),           Clamped(5, 1, 0, 100, 0),
    Growing(5, 1), Clamped(5, 1, 0, 100, 0), Clamped(5, 1, 0, 100, 0)};
constexpr FieldDef kNginxFields[] = {
    {.name = "accepts", .walk = 0}, {.name = "active", .walk = 1},   {.name = "handled", .walk = 2},
    {.name = "reading", .walk = 3}, {.name = "requests", .walk = 4}, {.name = "waiting", .walk = 5},
    {.name = "writing", .walk = 6}};

constexpr Walk kPostgresWalks[] = {
    Clamped(5, 1, 0, 1000, 0),    Clamped(5, 1, 0, 1000, 0), Clamped(5, 1, 0, 1000, 0),
    Clamped(5, 1, 0, 1000, 0),    Clamped(5, 1, 0, 1000, 0), Clamped(5, 1, 0, 1000, 0),
    Clamped(5, 1, 0, 1000, 0),    Clamped(5, 1, 0, 1000, 0), Clamped(5, 1, 0, 1000, 0),
    Clamped(5, 1, 0, 1000, 0),    Clamped(5, 1, 0, 1000, 0), Clamped(5, 1, 0, 1000, 0),
    Clamped(1024, 1, 0, kGib, 0), Clamped(5, 1, 0, 1000, 0), Clamped(5, 1, 0, 1000, 0),
    Clamped(5, 1, 0, 1000, 0)};
constexpr FieldDef kPostgresFields[] = {
    {.name = "numbackends", .walk = 0},    {.name = "xact_commit", .walk = 1},
    {.name = "xact_rollback", .walk = 2},  {.name = "blks_read", .walk = 3},
    {.name = "blks_hit", .walk = 4},       {.name = "tup_returned", .walk = 5},
    {.name = "tup_fetched", .walk = 6},    {.name = "tup_inserted", .walk = 7},
    {.name = "tup_updated", .walk = 8},    {.name = "tup_deleted", .walk = 9},
    {.name = "conflicts", .walk = 10},     {.name = "temp_files", .walk = 11},
    {.name = "temp_bytes", .walk = 12},    {.name = "deadlocks", .walk = 13},
    {.name = "blk_read_time", .walk = 14}, {.name = "blk_write_time", .walk = 15}};

constexpr Walk kRedisWalks[] = {Growing(5, 1),
                                Growing(50, 1),
                                Growing(50, 1),
                                Growing(50, 1),
                                Growing(50, 1),
                                Free(1, 1),
                                Free(1, 1),
                                Free(1, 1),
                                Clamped(50, 1, 0, 10000, 0),
                                Clamped(50, 1, 0, 16 * kGib, 8 * kGib),
                                Clamped(50, 1, 0, 16 * kGib, 8 * kGib),
                                Clamped(50, 1, 0, 16 * kGib, 8 * kGib),
                                Clamped(50, 1, 0, 16 * kGib, 8 * kGib),
                                Clamped(50, 1, 0, 10000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 100, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0),
                                Clamped(5, 1, 0, 1000, 0)};
constexpr FieldDef kRedisFields[] = {{.name = "uptime_in_seconds", .compute = Uptime},
                                     {.name = "total_connections_received", .walk = 0},
                                     {.name = "expired_keys", .walk = 1},
                                     {.name = "evicted_keys", .walk = 2},
                                     {.name = "keyspace_hits", .walk = 3},
                                     {.name = "keyspace_misses", .walk = 4},
                                     {.name = "instantaneous_ops_per_sec", .walk = 5},
                                     {.name = "instantaneous_input_kbps", .walk = 6},
                                     {.name = "instantaneous_output_kbps", .walk = 7},
                                     {.name = "connected_clients", .walk = 8},
                                     {.name = "used_memory", .walk = 9},
                                     {.name = "used_memory_rss", .walk = 10},
                                     {.name = "used_memory_peak", .walk = 11},
                                     {.name = "used_memory_lua", .walk = 12},
                                     {.name = "rdb_changes_since_last_save", .walk = 13},
                                     {.name = "sync_full", .walk = 14},
                                     {.name = "sync_partial_ok", .walk = 15},
                                     {.name = "sync_partial_err", .walk = 16},
                                     {.name = "pubsub_channels", .walk = 17},
                                     {.name = "pubsub_patterns", .walk = 18},
                                     {.name = "latest_fork_usec", .walk = 19},
                                     {.name = "connected_slaves", .walk = 20},
                                     {.name = "master_repl_offset", .walk = 21},
                                     {.name = "repl_backlog_active", .walk = 22},
                                     {.name = "repl_backlog_size", .walk = 23},
                                     {.name = "repl_backlog_histlen", .walk = 24},
                                     {.name = "mem_fragmentation_ratio", .walk = 25},
                                     {.name = "used_cpu_sys", .walk = 26},
                                     {.name = "used_cpu_user", .walk = 27},
                                     {.name = "used_cpu_sys_children", .walk = 28},
                                     {.name = "used_cpu_user_children", .walk = 29}};

std::string DiskioTags(Rng& random) {
  const auto part = [&] { return random.Below(1000); };
  return fmt::format(",serial={:03}-{:03}-{:03}", part(), part(), part());
}

std::string DiskTags(Rng& random) {
  static constexpr std::string_view kFileSystems[] = {"ext3", "ext4", "btrfs"};
  const uint64_t path = random.Below(10);
  return fmt::format(",path=/dev/sda{},fstype={}", path, kFileSystems[random.Below(3)]);
}

std::string NetTags(Rng& random) {
  return fmt::format(",interface=eth{}", random.Below(4));
}

std::string PortAndServer(Rng& random, std::string_view server) {
  const uint64_t port = 1024 + random.Below(20000);
  return fmt::format(",port={},server={}_{}", port, server, random.Below(100'000));
}

std::string NginxTags(Rng& random) {
  return PortAndServer(random, "nginx");
}
std::string RedisTags(Rng& random) {
  return PortAndServer(random, "redis");
}

double BootTime(Rng& random) {
  return static_cast<double>(random.Below(240));
}

double MemoryBytes(Rng& random) {
  static constexpr double kSizes[] = {8 * kGib, 12 * kGib, 16 * kGib};
  return kSizes[random.Below(3)];
}

constexpr MeasurementDef kMeasurements[] = {
    {"cpu", nullptr, nullptr, kCpuWalks, kCpuFields},
    {"diskio", DiskioTags, nullptr, kDiskioWalks, kDiskioFields},
    {"disk", DiskTags, nullptr, kDiskWalks, kDiskFields},
    {"kernel", nullptr, BootTime, kKernelWalks, kKernelFields},
    {"mem", nullptr, MemoryBytes, kMemWalks, kMemFields},
    {"net", NetTags, nullptr, kNetWalks, kNetFields},
    {"nginx", NginxTags, nullptr, kNginxWalks, kNginxFields},
    {"postgresl", nullptr, nullptr, kPostgresWalks, kPostgresFields},  // Spelt so in the suite.
    {"redis", RedisTags, nullptr, kRedisWalks, kRedisFields},
};

}  // namespace

std::span<const MeasurementDef> HostMeasurements() {
  return kMeasurements;
}

}  // namespace stria::bench
