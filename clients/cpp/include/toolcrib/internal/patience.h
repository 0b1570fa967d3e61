// When to try again, without the sleeping.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <random>

#include "toolcrib/error.h"
#include "toolcrib/internal/request_id.h"

namespace toolcrib::internal {

using Clock = std::chrono::steady_clock;

// gRPC's timers are no finer: a call with less is answered or not, as it happens.
inline constexpr std::chrono::milliseconds kShortestCall{1};

/// How often one call is tried, within the time that all tries have together.
class Patience {
 public:
  /// Tries within `timeout`, or without end; or tries once.
  explicit Patience(std::optional<Duration> timeout, bool once = false) : next_(once ? kPauses.size() : 0) {
    if (timeout) end_ = Clock::now() + *timeout;
  }

  /// What the next try may take; nothing is without end.
  std::optional<Duration> Remaining() const {
    if (!end_) return std::nullopt;
    return std::max<Duration>(*end_ - Clock::now(), Duration::zero());
  }

  /// Whether there is no time left for a try.
  bool IsOver() const {
    const auto remaining = Remaining();
    return remaining && *remaining < kShortestCall;
  }

  /// How long to wait before the next try; nothing where there is no time for one.
  std::optional<Duration> Pause(const Error& error) {
    if (next_ == kPauses.size()) return std::nullopt;
    std::uniform_real_distribution<double> jitter(1 - kJitter, 1 + kJitter);
    auto pause = std::chrono::duration_cast<Duration>(kPauses[next_++] * jitter(RandomNumbers()));
    if (const auto asked = error.retry_delay()) pause = std::max(pause, *asked);
    if (const auto remaining = Remaining(); remaining && *remaining < pause + kShortestRetry) return std::nullopt;
    return pause;
  }

 private:
  // A server that restarts is back within them.
  static constexpr std::array<std::chrono::milliseconds, 5> kPauses = {
      std::chrono::milliseconds(100),
      std::chrono::milliseconds(200),
      std::chrono::milliseconds(400),
      std::chrono::milliseconds(800),
      std::chrono::milliseconds(1600),
  };
  // Clients that lost the same server must not come back at the same moment.
  static constexpr double kJitter = 0.2;
  // What a try behind a pause has at least: with less it would be cut off before it could say why.
  static constexpr std::chrono::milliseconds kShortestRetry{20};

  std::optional<Clock::time_point> end_;
  std::size_t next_;
};

}  // namespace toolcrib::internal
