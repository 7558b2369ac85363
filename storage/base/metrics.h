// Counters, gauges and histograms, declared once and printed in Prometheus' text format 0.0.4.

#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/mutex.h"

namespace stria {

/// Label names and values of one series of a metric, in the order in which they are printed.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// Only ever grows. Thread safety: thread-safe.
class Counter {
 public:
  void Add(uint64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

/// Goes up and down. Thread safety: thread-safe.
class Gauge {
 public:
  void Add(int64_t amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_ = 0;
};

/// Seconds in buckets from 100 us to 100 s, three a decade. Thread safety: thread-safe.
class Histogram {
 public:
  static constexpr double kBounds[] = {1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2,
                                       0.1,  0.25,   0.5,  1,    2.5,    5,    10,   25,     100};
  static constexpr size_t kNumBounds = sizeof(kBounds) / sizeof(kBounds[0]);

  void ObserveNs(int64_t ns);
  uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  double sum_seconds() const {
    return static_cast<double>(sum_ns_.load(std::memory_order_relaxed)) / 1e9;
  }
  /// Observations at or below kBounds[bound].
  uint64_t CountUpTo(size_t bound) const;

 private:
  std::atomic<uint64_t> buckets_[kNumBounds + 1] = {};
  std::atomic<uint64_t> count_ = 0;
  std::atomic<int64_t> sum_ns_ = 0;
};

/// All metrics of a server.
///
/// Thread safety: thread-safe; what it returns lives as long as it does.
class Metrics {
 public:
  Counter& GetCounter(std::string_view name, std::string_view help,
                      const MetricLabels& labels = {});
  Gauge& GetGauge(std::string_view name, std::string_view help, const MetricLabels& labels = {});
  Histogram& GetHistogram(std::string_view name, std::string_view help,
                          const MetricLabels& labels = {});

  /// Appends a metric whose value is kept elsewhere, when the text is made. `type` is "counter" or
  /// "gauge".
  void AddCallback(std::string_view name, std::string_view help, std::string_view type,
                   const MetricLabels& labels, std::function<double()> value);

  /// The same for the count and the sum of something, printed as a summary without quantiles.
  void AddSummaryCallback(std::string_view name, std::string_view help, const MetricLabels& labels,
                          std::function<std::pair<uint64_t, double>()> count_and_sum);

  /// Everything, in the order of names.
  std::string Text() const;

 private:
  struct Series {
    MetricLabels labels;
    Counter* counter = nullptr;
    Gauge* gauge = nullptr;
    Histogram* histogram = nullptr;
    std::function<double()> callback;
    std::function<std::pair<uint64_t, double>()> summary;
  };
  struct Family {
    std::string help, type;
    std::vector<Series> series;
  };

  Series& FindOrAdd(std::string_view name, std::string_view help, std::string_view type,
                    const MetricLabels& labels) STRIA_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Family, std::less<>> families_ STRIA_GUARDED_BY(mutex_);
  std::deque<Counter> counters_ STRIA_GUARDED_BY(mutex_);
  std::deque<Gauge> gauges_ STRIA_GUARDED_BY(mutex_);
  std::deque<Histogram> histograms_ STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria
