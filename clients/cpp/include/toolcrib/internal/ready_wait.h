// Waiting for a server that serves: it answers, and says that its database does too.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

#include "toolcrib/internal/patience.h"
#include "toolcrib/result.h"

namespace toolcrib::internal {

/// The waiting, without the sleeping.
class ReadyWait {
 public:
  /// Waits for the server at `address`, for up to `timeout`.
  ReadyWait(std::string address, Duration timeout)
      : address_(std::move(address)), timeout_(timeout), end_(Clock::now() + timeout) {}

  /// What the next question may take.
  Duration CheckTimeout() const {
    return std::min<Duration>(std::max<Duration>(end_ - Clock::now(), kPause), kCheckTimeout);
  }

  /// Whether the server serves; an error that it will not recover from.
  Result<bool> IsOver(const Result<int>& health_status) {
    last_ = "it says that it is not serving";
    if (health_status.ok()) return health_status.value() == kServing;
    const Error& error = health_status.error();
    // It has no health service, but it answers.
    if (error.code() == Code::UNIMPLEMENTED) return true;
    if (error.code() != Code::UNAVAILABLE && error.code() != Code::DEADLINE_EXCEEDED) return error;
    last_ = error.message();
    return false;
  }

  /// How long to wait before asking again; UNAVAILABLE when the time is over.
  Result<Duration> Pause() const {
    if (Clock::now() + kPause < end_) return Duration(kPause);
    std::ostringstream text;
    text << "the server at " << address_ << " was not ready within " << std::chrono::duration<double>(timeout_).count()
         << " s: " << last_;
    return Error(Code::UNAVAILABLE, text.str());
  }

 private:
  static constexpr std::chrono::milliseconds kPause{100};
  static constexpr std::chrono::seconds kCheckTimeout{2};
  static constexpr int kServing = 1;

  std::string address_;
  Duration timeout_;
  Clock::time_point end_;
  std::string last_;
};

}  // namespace toolcrib::internal
