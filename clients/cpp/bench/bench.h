// What the programs of the benchmark have in common: the record that they write, and what they print.
#ifndef TOOLCRIB_BENCH_BENCH_H_
#define TOOLCRIB_BENCH_BENCH_H_

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <vector>

#include "plant/cycles/v1/machine_cycle.pb.h"

namespace bench {

/// A record that obeys all rules.
inline plant::cycles::v1::MachineCycle Cycle() {
  plant::cycles::v1::MachineCycle cycle;
  cycle.set_product_id("M14860");
  cycle.set_quality(plant::cycles::v1::PRODUCT_QUALITY_MEDIUM);
  cycle.set_air_temperature_k(298.1);
  cycle.set_process_temperature_k(308.6);
  cycle.set_rotational_speed_rpm(1551);
  cycle.set_torque_nm(42.8);
  return cycle;
}

/// Prints a JSON object: how many calls were made in how many seconds, and the time of one in the middle and at the
/// 99th hundredth, in milliseconds.
inline void Print(std::vector<double> taken_ms, double seconds) {
  std::sort(taken_ms.begin(), taken_ms.end());
  const auto at = [&](double share) {
    const auto last = static_cast<double>(taken_ms.size()) - 1;
    return taken_ms.empty() ? 0 : taken_ms[static_cast<std::size_t>(share * last)];
  };
  std::cout << "{\"calls\": " << taken_ms.size() << ", \"seconds\": " << seconds << ", \"p50_ms\": " << at(0.5)
            << ", \"p99_ms\": " << at(0.99) << "}\n";
}

}  // namespace bench

#endif  // TOOLCRIB_BENCH_BENCH_H_
