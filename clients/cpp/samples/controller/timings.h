// How long something takes, counted without allocating.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace controller {

/// Counts in steps of a tenth of a microsecond, up to a millisecond.
class Timings {
 public:
  void Add(std::chrono::nanoseconds taken) {
    const auto place = static_cast<std::size_t>(taken.count() / kStepNs);
    ++counts_[std::min(place, counts_.size() - 1)];
    ++all_;
    longest_ = std::max(longest_, taken);
  }

  /// What this share of all took at most, in microseconds; what took longer than a millisecond counts as one.
  double Quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(all_));
    std::uint64_t seen = 0;
    for (std::size_t place = 0; place < counts_.size(); ++place) {
      seen += counts_[place];
      if (seen > wanted || seen == all_) return static_cast<double>(place + 1) * kStepNs / 1e3;
    }
    return 0;
  }

  /// The longest, in microseconds.
  double LongestUs() const { return static_cast<double>(longest_.count()) / 1e3; }

 private:
  static constexpr std::int64_t kStepNs = 100;
  static constexpr std::size_t kSteps = 10'000;

  std::array<std::uint64_t, kSteps> counts_{};
  std::uint64_t all_ = 0;
  std::chrono::nanoseconds longest_{0};
};

}  // namespace controller
