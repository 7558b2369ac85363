#include "tools/cli/fleet.h"

#include <algorithm>
#include <chrono>
#include <random>

#include <fmt/format.h>

#include "storage/base/clock.h"
#include "storage/types/time_range.h"
#include "tools/cli/http_client.h"

namespace stria::cli {
namespace {

constexpr int64_t kSampleNs = 10 * kNsPerMs;
constexpr int64_t kMaxSamplesABatch = 25;
constexpr size_t kMaxWriters = 4;
constexpr auto kRetryDelay = std::chrono::milliseconds(100);

struct Device {
  std::string tags;
  double temperature_c = 20;
  double pressure_kpa = 101.3;
  int64_t battery_percent = 100;
};

std::vector<Device> MakeDevices(int64_t first, int64_t count) {
  static constexpr const char* kSites[] = {"hamburg", "lyon", "porto", "krakow", "turin"};
  static constexpr const char* kModels[] = {"tx100", "tx200", "px10"};
  std::vector<Device> devices;
  for (int64_t i = first; i < first + count; ++i) {
    devices.push_back({.tags = fmt::format("readings,device=dev_{},model={},site={} ", i,
                                           kModels[i % 3], kSites[i % 5])});
  }
  return devices;
}

}  // namespace

/// One connection and its share of the devices.
class Fleet::Writer {
 public:
  Writer(Fleet& fleet, std::vector<Device> devices, uint64_t seed)
      : fleet_(fleet), devices_(std::move(devices)), random_(seed) {}

  void Run(const std::stop_token& stop, const std::string& url) {
    HttpClient client(url, "");
    const std::string target = "/write?db=" + UrlEncode(fleet_.database_);
    while (!stop.stop_requested()) {
      if (batch_.empty()) FillBatch();
      if (batch_.empty()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        continue;
      }
      const auto answer = client.Post(target, batch_);
      if (answer && answer->status == 204) {
        fleet_.rows_in_doubt_ -= batch_rows_;
        fleet_.rows_acknowledged_ += batch_rows_;
        batch_.clear();
        batch_rows_ = 0;
        continue;
      }
      if (answer) ++fleet_.num_refused_;
      if (!stop.stop_requested()) std::this_thread::sleep_for(kRetryDelay);
    }
  }

 private:
  // Takes every sample that is due, up to a bound, as one batch in the order of time.
  void FillBatch() {
    const int64_t now = FloorTo(SystemClock().NowNs(), kSampleNs);
    if (next_sample_ns_ < now - kMaxSamplesABatch * kSampleNs) {
      next_sample_ns_ = now - kMaxSamplesABatch * kSampleNs;  // Fell behind: leave samples out.
    }
    const int64_t end = std::min(now, next_sample_ns_ + kMaxSamplesABatch * kSampleNs);
    if (end - next_sample_ns_ < kMaxSamplesABatch / 2 * kSampleNs) return;
    for (; next_sample_ns_ < end; next_sample_ns_ += kSampleNs) {
      for (auto& device : devices_)
        AppendSample(device, next_sample_ns_);
    }
    fleet_.rows_in_doubt_ += batch_rows_;
  }

  void AppendSample(Device& device, int64_t time_ns) {
    std::normal_distribution<double> step(0, 0.05);
    device.temperature_c = std::clamp(device.temperature_c + step(random_), -20.0, 90.0);
    device.pressure_kpa = std::clamp(device.pressure_kpa + step(random_), 95.0, 108.0);
    if (random_() % 5000 == 0) {
      device.battery_percent = device.battery_percent == 0 ? 100 : device.battery_percent - 1;
    }
    fmt::format_to(std::back_inserter(batch_),
                   "{}temperature={:.2f},pressure={:.2f},battery={}i,ok=t {}\n", device.tags,
                   device.temperature_c, device.pressure_kpa, device.battery_percent, time_ns);
    ++batch_rows_;
  }

  Fleet& fleet_;
  std::vector<Device> devices_;
  std::mt19937_64 random_;
  std::string batch_;
  int64_t batch_rows_ = 0;
  int64_t next_sample_ns_ = 0;
};

Fleet::Fleet(std::string database, int64_t num_devices) : database_(std::move(database)) {
  const int64_t num_writers = std::min<int64_t>(kMaxWriters, num_devices);
  for (int64_t i = 0, first = 0; i < num_writers; ++i) {
    const int64_t end = num_devices * (i + 1) / num_writers;
    writers_.push_back(
        std::make_unique<Writer>(*this, MakeDevices(first, end - first), static_cast<uint64_t>(i)));
    first = end;
  }
}

Fleet::~Fleet() {
  Stop();
}

void Fleet::Start(const std::string& url) {
  for (auto& writer : writers_) {
    threads_.emplace_back(
        [&writer = *writer, url](const std::stop_token& stop) { writer.Run(stop, url); });
  }
}

void Fleet::Stop() {
  for (auto& thread : threads_)
    thread.request_stop();
  threads_.clear();
}

}  // namespace stria::cli
