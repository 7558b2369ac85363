#include "bench/workload/hosts.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "bench/workload/host_measurements.h"
#include "bench/workload/random.h"
#include "bench/workload/row_text.h"

namespace stria::bench {
namespace {

struct Region {
  std::string_view name;
  std::string_view datacenters;  // One letter each.
};
constexpr Region kRegions[] = {
    {"us-east-1", "abce"},    {"us-west-1", "ab"},      {"us-west-2", "abc"},
    {"eu-west-1", "abc"},     {"eu-central-1", "ab"},   {"ap-southeast-1", "ab"},
    {"ap-southeast-2", "ab"}, {"ap-northeast-1", "ac"}, {"sa-east-1", "abc"},
};
constexpr std::string_view kSystems[] = {"Ubuntu16.10", "Ubuntu16.04LTS", "Ubuntu15.10"};
constexpr std::string_view kArchitectures[] = {"x64", "x86"};
constexpr std::string_view kTeams[] = {"SF", "NYC", "LON", "CHI"};
constexpr std::string_view kEnvironments[] = {"production", "staging", "test"};

template <size_t size>
std::string_view Pick(const std::string_view (&choices)[size], Rng& random) {
  return choices[random.Below(size)];
}

std::string HostTags(uint64_t host, Rng& random) {
  const Region& region = kRegions[random.Below(std::size(kRegions))];
  const char datacenter = region.datacenters[random.Below(region.datacenters.size())];
  const uint64_t rack = random.Below(100);
  const auto system = Pick(kSystems, random);
  const auto architecture = Pick(kArchitectures, random);
  const auto team = Pick(kTeams, random);
  const uint64_t service = random.Below(20);
  const uint64_t version = random.Below(2);
  return fmt::format(
      ",hostname=host_{},region={},datacenter={}{},rack={},os={},arch={},team={},service={},"
      "service_version={},service_environment={}",
      host, region.name, region.name, datacenter, rack, system, architecture, team, service,
      version, Pick(kEnvironments, random));
}

// One measurement of all hosts.
class Measurement {
 public:
  explicit Measurement(const MeasurementDef& def) : def_(def) {
    for (const FieldDef& field : def.fields) {
      field_heads_.push_back(fmt::format("{}{}=", field_heads_.empty() ? "" : ",", field.name));
    }
  }

  void AddHost(std::string_view tags, Rng& random) {
    heads_.append(def_.name).append(tags);
    if (def_.extra_tags != nullptr) heads_.append(def_.extra_tags(random));
    heads_ += ' ';
    head_ends_.push_back(heads_.size());
    constants_.push_back(def_.constant == nullptr ? 0 : def_.constant(random));
    for (const Walk& walk : def_.walks) {
      values_.push_back(walk.start == Walk::Start::kFixed ? walk.first
                                                          : random.Uniform(walk.min, walk.max));
    }
  }

  void Step(Rng& random) {
    const std::span<const Walk> walks = def_.walks;
    for (size_t value = 0; value < values_.size(); value += walks.size()) {
      for (size_t i = 0; i < walks.size(); ++i) {
        const Walk& walk = walks[i];
        double step = walk.mean + walk.deviation * random.Normal();
        if (walk.grows) step = std::abs(step);
        values_[value + i] = std::clamp(values_[value + i] + step, walk.min, walk.max);
      }
    }
  }

  char* WriteRow(uint64_t host, int64_t tick_seconds, NumberForm form, std::string_view tail,
                 char* out) const {
    const size_t head = host == 0 ? 0 : head_ends_[host - 1];
    out = WriteText(out, std::string_view(heads_).substr(head, head_ends_[host] - head));
    const FieldInputs inputs{values_.data() + host * def_.walks.size(), constants_[host],
                             tick_seconds};
    for (size_t i = 0; i < field_heads_.size(); ++i) {
      const FieldDef& field = def_.fields[i];
      out = WriteText(out, field_heads_[i]);
      if (field.walk >= 0) {
        out = WriteWalk(out, inputs.walks[field.walk], form);
      } else if (field.is_float) {
        out = WriteFull(out, field.compute(inputs));
      } else {
        out = WriteWalk(out, field.compute(inputs), NumberForm::kStock);
      }
    }
    return WriteText(out, tail);
  }

 private:
  const MeasurementDef& def_;
  std::vector<std::string> field_heads_;
  std::string heads_;  // "cpu,hostname=host_0,... " of every host.
  std::vector<uint64_t> head_ends_;
  std::vector<double> constants_;
  std::vector<double> values_;  // [host][walk]
};

class HostRows final : public RowSource {
 public:
  explicit HostRows(const WorkloadOptions& options)
      : options_(options),
        num_ticks_(options.duration_ns / options.interval_ns),
        random_(options.seed),
        order_random_(options.seed ^ 0x5851f42d4c957f2d) {
    const auto defs = HostMeasurements().first(NumMeasurements(options.kind));
    for (const auto& def : defs)
      measurements_.emplace_back(def);
    for (uint64_t host = 0; host < options.scale; ++host) {
      const std::string tags = HostTags(host, random_);
      for (auto& measurement : measurements_)
        measurement.AddHost(tags, random_);
    }
    if (options.shuffle) {
      order_.resize(options.scale);
      std::iota(order_.begin(), order_.end(), uint64_t{0});
    }
    BeginTick();
  }

  char* WriteRow(char* out) override {
    if (host_ == options_.scale && !NextHosts()) return nullptr;
    const uint64_t host = order_.empty() ? host_ : order_[host_];
    ++host_;
    return measurements_[measurement_].WriteRow(host, tick_ * options_.interval_ns / 1'000'000'000,
                                                options_.numbers, tail_, out);
  }

 private:
  // Goes to the next measurement or tick; false at the end, for ever.
  bool NextHosts() {
    if (measurement_ + 1 < measurements_.size()) {
      ++measurement_;
    } else {
      if (tick_ + 1 == num_ticks_) return false;
      ++tick_;
      measurement_ = 0;
      for (auto& measurement : measurements_)
        measurement.Step(random_);
      BeginTick();
    }
    host_ = 0;
    return true;
  }

  void BeginTick() {
    tail_ = fmt::format(" {}\n", options_.start_ns + tick_ * options_.interval_ns);
    for (size_t i = order_.size(); i > 1; --i)
      std::swap(order_[i - 1], order_[order_random_.Below(i)]);
  }

  const WorkloadOptions options_;
  const int64_t num_ticks_;
  Rng random_;
  Rng order_random_;  // Apart, so that values do not depend on the order.
  std::vector<Measurement> measurements_;
  std::vector<uint64_t> order_;  // Of this tick; empty: as they are.
  int64_t tick_ = 0;
  size_t measurement_ = 0;
  uint64_t host_ = 0;
  std::string tail_;  // " <time>\n" of this tick.
};

}  // namespace

std::unique_ptr<RowSource> MakeHostRows(const WorkloadOptions& options) {
  return std::make_unique<HostRows>(options);
}

uint64_t NumMeasurements(WorkloadKind kind) {
  switch (kind) {
    case WorkloadKind::kCpuOnly: return 1;
    case WorkloadKind::kDevops: return HostMeasurements().size();
    case WorkloadKind::kIot: return 2;
  }
  return 0;
}

}  // namespace stria::bench
