#include "storage/base/metrics.h"

#include <algorithm>

#include <fmt/core.h>

namespace stria {
namespace {

// {a="x",b="y"} with `extra` as the last label, or nothing.
std::string LabelText(const MetricLabels& labels, std::string_view extra = {}) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += text.empty() ? "{" : ",";
    text += name + "=\"";
    for (const char c : value) {
      if (c == '\n') {
        text += "\\n";
      } else {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
      }
    }
    text += '"';
  }
  if (!extra.empty()) text.append(text.empty() ? "{" : ",").append(extra);
  if (!text.empty()) text += '}';
  return text;
}

}  // namespace

void Histogram::ObserveNs(int64_t ns) {
  const double seconds = static_cast<double>(ns) / 1e9;
  const auto bucket =
      static_cast<size_t>(std::ranges::lower_bound(kBounds, seconds) - std::begin(kBounds));
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(ns, std::memory_order_relaxed);
}

uint64_t Histogram::CountUpTo(size_t bound) const {
  uint64_t count = 0;
  for (size_t i = 0; i <= bound; ++i)
    count += buckets_[i].load(std::memory_order_relaxed);
  return count;
}

Metrics::Series& Metrics::FindOrAdd(std::string_view name, std::string_view help,
                                    std::string_view type, const MetricLabels& labels) {
  auto family = families_.find(name);
  if (family == families_.end()) {
    family = families_.emplace(std::string(name), Family{std::string(help), std::string(type), {}})
                 .first;
  }
  for (auto& series : family->second.series) {
    if (series.labels == labels) return series;
  }
  family->second.series.push_back({labels, nullptr, nullptr, nullptr, nullptr, nullptr});
  return family->second.series.back();
}

Counter& Metrics::GetCounter(std::string_view name, std::string_view help,
                             const MetricLabels& labels) {
  const MutexLock lock(mutex_);
  Series& series = FindOrAdd(name, help, "counter", labels);
  if (series.counter == nullptr) series.counter = &counters_.emplace_back();
  return *series.counter;
}

Gauge& Metrics::GetGauge(std::string_view name, std::string_view help, const MetricLabels& labels) {
  const MutexLock lock(mutex_);
  Series& series = FindOrAdd(name, help, "gauge", labels);
  if (series.gauge == nullptr) series.gauge = &gauges_.emplace_back();
  return *series.gauge;
}

Histogram& Metrics::GetHistogram(std::string_view name, std::string_view help,
                                 const MetricLabels& labels) {
  const MutexLock lock(mutex_);
  Series& series = FindOrAdd(name, help, "histogram", labels);
  if (series.histogram == nullptr) series.histogram = &histograms_.emplace_back();
  return *series.histogram;
}

void Metrics::AddCallback(std::string_view name, std::string_view help, std::string_view type,
                          const MetricLabels& labels, std::function<double()> value) {
  const MutexLock lock(mutex_);
  FindOrAdd(name, help, type, labels).callback = std::move(value);
}

void Metrics::AddSummaryCallback(std::string_view name, std::string_view help,
                                 const MetricLabels& labels,
                                 std::function<std::pair<uint64_t, double>()> count_and_sum) {
  const MutexLock lock(mutex_);
  FindOrAdd(name, help, "summary", labels).summary = std::move(count_and_sum);
}

std::string Metrics::Text() const {
  std::string text;
  const MutexLock lock(mutex_);
  for (const auto& [name, family] : families_) {
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, family.help, name, family.type);
    for (const auto& series : family.series) {
      const std::string labels = LabelText(series.labels);
      if (series.counter != nullptr)
        text += fmt::format("{}{} {}\n", name, labels, series.counter->value());
      if (series.gauge != nullptr)
        text += fmt::format("{}{} {}\n", name, labels, series.gauge->value());
      if (series.callback != nullptr)
        text += fmt::format("{}{} {}\n", name, labels, series.callback());
      if (series.summary != nullptr) {
        const auto [count, sum] = series.summary();
        text += fmt::format("{0}_sum{1} {2}\n{0}_count{1} {3}\n", name, labels, sum, count);
      }
      if (series.histogram == nullptr) continue;
      for (size_t i = 0; i < Histogram::kNumBounds; ++i) {
        const auto bound = fmt::format("le=\"{}\"", Histogram::kBounds[i]);
        text += fmt::format("{}_bucket{} {}\n", name, LabelText(series.labels, bound),
                            series.histogram->CountUpTo(i));
      }
      text += fmt::format("{}_bucket{} {}\n", name, LabelText(series.labels, "le=\"+Inf\""),
                          series.histogram->count());
      text += fmt::format("{}_sum{} {}\n", name, labels, series.histogram->sum_seconds());
      text += fmt::format("{}_count{} {}\n", name, labels, series.histogram->count());
    }
  }
  return text;
}

}  // namespace stria
