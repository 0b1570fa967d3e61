// How many unary calls a second this client makes: one call at a time on each connection.
//
//     load HOST:PORT get|create CONNECTIONS SECONDS
//
// Prints what bench.h says.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench.h"
#include "plant/cycles/v1/machine_cycle_client.h"

namespace {

using plant::cycles::v1::MachineCycleClient;
using Clock = std::chrono::steady_clock;

/// Calls until the time is over, on a connection of its own; answers how many milliseconds each call took.
std::vector<double> Call(const std::string& address, bool writes, Clock::time_point end) {
  const MachineCycleClient cycles(toolcrib::Crib::Connect(address).AsActor("benchmark"));
  const std::int64_t id = cycles.Create(bench::Cycle()).id();
  std::vector<double> taken_ms;
  for (auto begin = Clock::now(); begin < end;) {
    if (writes) {
      cycles.Create(bench::Cycle());
    } else {
      cycles.Get(id);
    }
    const auto now = Clock::now();
    taken_ms.push_back(std::chrono::duration<double, std::milli>(now - begin).count());
    begin = now;
  }
  return taken_ms;
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
  bench::Print(std::move(all), seconds);
  return 0;
}
