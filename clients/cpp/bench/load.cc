// How many unary calls a second this client makes: one call at a time on each connection.
//
//     load HOST:PORT get|create CONNECTIONS SECONDS
//
// Prints a JSON object: how many calls were made in how many seconds, and the time of one in the middle and at the 99th
// hundredth, in milliseconds.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "plant/cycles/v1/machine_cycle_client.h"

namespace {

using plant::cycles::v1::MachineCycle;
using plant::cycles::v1::MachineCycleClient;
using Clock = std::chrono::steady_clock;

MachineCycle Cycle() {
  MachineCycle cycle;
  cycle.set_product_id("M14860");
  cycle.set_quality(plant::cycles::v1::PRODUCT_QUALITY_MEDIUM);
  cycle.set_air_temperature_k(298.1);
  cycle.set_process_temperature_k(308.6);
  cycle.set_rotational_speed_rpm(1551);
  cycle.set_torque_nm(42.8);
  return cycle;
}

/// Calls until the time is over, on a connection of its own; answers how many milliseconds each call took.
std::vector<double> Call(const std::string& address, bool writes, Clock::time_point end) {
  const MachineCycleClient cycles(toolcrib::Crib::Connect(address).AsActor("benchmark"));
  const std::int64_t id = cycles.Create(Cycle()).id();
  std::vector<double> taken_ms;
  for (auto begin = Clock::now(); begin < end;) {
    if (writes) {
      cycles.Create(Cycle());
    } else {
      cycles.Get(id);
    }
    const auto now = Clock::now();
    taken_ms.push_back(std::chrono::duration<double, std::milli>(now - begin).count());
    begin = now;
  }
  return taken_ms;
}

double Quantile(const std::vector<double>& sorted, double share) {
  return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: load HOST:PORT get|create CONNECTIONS SECONDS\n";
    return 2;
  }
  const std::string address = argv[1];
  const bool writes = std::string(argv[2]) == "create";
  const double seconds = std::stod(argv[4]);
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::vector<std::vector<double>> taken_ms(std::stoul(argv[3]));
  std::vector<std::thread> callers;
  callers.reserve(taken_ms.size());
  for (auto& each : taken_ms) callers.emplace_back([&] { each = Call(address, writes, end); });
  for (std::thread& caller : callers) caller.join();
  std::vector<double> all;
  for (const auto& each : taken_ms) all.insert(all.end(), each.begin(), each.end());
  std::sort(all.begin(), all.end());
  std::cout << "{\"calls\": " << all.size() << ", \"seconds\": " << seconds << ", \"p50_ms\": " << Quantile(all, 0.5)
            << ", \"p99_ms\": " << Quantile(all, 0.99) << "}\n";
  return 0;
}
