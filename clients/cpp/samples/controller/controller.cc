// A controller's loop of 1 kHz: it reads its tool offsets, follows edits of them, and records every cycle, without ever
// waiting for the server.
//
//     controller 127.0.0.1:50051 [cycles]
//
// Runs until it is interrupted, or so many cycles; then says as JSON what became of its records and how long the loop's
// own calls took. What the loop adds is queued, and written by a thread of the BatchWriter. The server may be killed
// and started again meanwhile: the queue holds half a minute of records, and each is written once. When it is full, the
// newest record is let go and counted: the loop must not wait, and a gap that is known is better than a late axis.
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "plant/cycles/v1/machine_cycle_client.h"
#include "plant/tools/v1/tool_offset_client.h"
#include "timings.h"
#include "tool_table.h"

namespace controller {
namespace {

using plant::cycles::v1::MachineCycle;
using plant::cycles::v1::MachineCycleClient;
using plant::tools::v1::ToolOffsetClient;
using Writer = toolcrib::BatchWriter<MachineCycleClient>;

constexpr std::chrono::milliseconds kPeriod{1};
// What half a minute without the server makes.
constexpr std::size_t kQueueMax = 32'768;
constexpr std::chrono::seconds kLastWrites{60};

volatile std::sig_atomic_t interrupted = 0;

/// One cycle, as the machine would have measured it. Cycles are numbered in `product_id`.
MachineCycle Measured(std::int64_t number, const ToolTable::View& view) {
  char product[16];
  std::snprintf(product, sizeof product, "M%05d", static_cast<int>(number % 100'000));
  double wear_mm = 0;
  if (!view.tools.empty()) wear_mm = view.tools.begin()->second.z_mm;
  MachineCycle cycle;
  cycle.set_product_id(product);
  cycle.set_quality(plant::cycles::v1::PRODUCT_QUALITY_MEDIUM);
  cycle.set_air_temperature_k(298.1);
  cycle.set_process_temperature_k(308.6);
  cycle.set_rotational_speed_rpm(1500);
  cycle.set_torque_nm(40 + wear_mm / 1000);
  return cycle;
}

/// What the loop did.
struct Report {
  std::int64_t cycles = 0;
  std::size_t tools = 0;
  std::uint64_t editions = 0;
  Timings calls;
};

/// The loop itself: nothing in it waits for anything but the next period.
void Run(std::int64_t cycles, const ToolTable& table, Writer& writer, Report& report) {
  ToolTable::View view;
  auto next = std::chrono::steady_clock::now();
  while (report.cycles < cycles && interrupted == 0) {
    table.Refresh(view);
    MachineCycle cycle = Measured(report.cycles, view);
    const auto begin = std::chrono::steady_clock::now();
    // A record that finds no room is let go: the writer counts it.
    writer.Add(std::move(cycle));
    report.calls.Add(std::chrono::steady_clock::now() - begin);
    ++report.cycles;
    next += kPeriod;
    std::this_thread::sleep_until(next);
  }
  report.tools = view.tools.size();
  report.editions = view.edition;
}

void Say(const Report& report, const toolcrib::BatchWriterCounts& counts, std::size_t unwritten) {
  std::cout << "{\"cycles\": " << report.cycles << ", \"written\": " << counts.written
            << ", \"refused\": " << counts.refused << ", \"turned_away\": " << counts.turned_away
            << ", \"unwritten\": " << unwritten << ", \"repeats\": " << counts.repeats
            << ", \"tools\": " << report.tools << ", \"editions\": " << report.editions
            << ", \"call_p50_us\": " << report.calls.Quantile(0.5)
            << ", \"call_p99_us\": " << report.calls.Quantile(0.99) << ", \"call_max_us\": " << report.calls.LongestUs()
            << "}\n";
}

int Main(const std::string& address, std::int64_t cycles) {
  const auto crib = toolcrib::Crib::Connect(address).AsActor("controller");
  crib.WaitReady(std::chrono::seconds(30));

  ToolTable table;
  toolcrib::WatchHandlers<ToolOffset> handlers;
  handlers.on_snapshot = [&table](const std::vector<ToolOffset>& tools) { table.Begin(tools); };
  handlers.on_commit = [&table](const toolcrib::Commit<ToolOffset>& commit) { table.Apply(commit); };
  handlers.on_error = [](const toolcrib::Error& error) { std::cerr << "tool offsets: " << error.what() << "\n"; };
  const toolcrib::AsyncWatch<ToolOffset> edits(ToolOffsetClient(crib).Watch(toolcrib::WithSnapshot), handlers);

  Writer::Options options;
  options.queue_max = kQueueMax;
  options.on_refused = [](const MachineCycle& cycle, const toolcrib::Error& error) {
    std::cerr << "cycle " << cycle.product_id() << ": " << error.what() << "\n";
  };
  Writer writer(crib, options);

  std::cout << "running\n" << std::flush;
  Report report;
  Run(cycles, table, writer, report);
  const std::size_t unwritten = writer.Close(kLastWrites);
  Say(report, writer.counts(), unwritten);
  return unwritten == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void Interrupt(int) { interrupted = 1; }

bool Parse(const std::string& text, std::int64_t& number) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end;
}

}  // namespace
}  // namespace controller

int main(int argc, char** argv) {
  std::int64_t cycles = std::numeric_limits<std::int64_t>::max();
  if ((argc != 2 && argc != 3) || (argc == 3 && !controller::Parse(argv[2], cycles))) {
    std::cerr << "usage: controller HOST:PORT [CYCLES]\n";
    return 2;
  }
  std::signal(SIGINT, controller::Interrupt);
  std::signal(SIGTERM, controller::Interrupt);
  try {
    return controller::Main(argv[1], cycles);
  } catch (const toolcrib::Error& error) {
    std::cerr << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
