// The ids that writes are given by themselves.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>

namespace toolcrib::internal {

/// The thread's own source of random numbers, seeded by the system.
inline std::mt19937_64& RandomNumbers() {
  thread_local std::mt19937_64 numbers = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return numbers;
}

/// A UUID of version 7 (RFC 9562): 48 bits of Unix time in milliseconds, then random bits.
///
/// Ids that begin with the time lie side by side in the server's index, whose pages are so written less often.
inline std::string NewRequestId() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto time_ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  const std::uint64_t high = time_ms << 16U | 0x7000U | (RandomNumbers()() & 0xFFFU);
  const std::uint64_t low = 0x8000'0000'0000'0000U | (RandomNumbers()() >> 2U);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string id;
  id.reserve(36);
  for (int place = 0; place < 32; ++place) {
    if (place == 8 || place == 12 || place == 16 || place == 20) id += '-';
    const std::uint64_t half = place < 16 ? high : low;
    id += kDigits[half >> (60U - 4U * static_cast<unsigned>(place % 16)) & 0xFU];
  }
  return id;
}

}  // namespace toolcrib::internal
