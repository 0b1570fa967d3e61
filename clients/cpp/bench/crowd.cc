// Keeps a number of creates in flight, dealt out among servers, on one connection to each. It costs the machine little,
// so that servers beside it have the processors: requests are made before, and answers are not read.
//
//     crowd HOST:PORT[,HOST:PORT...] IN_FLIGHT SECONDS
//
// Prints what bench.h says. Fails where a call does.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "bench.h"
#include "plant/cycles/v1/machine_cycle_service.pb.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr char kMethod[] = "/plant.cycles.v1.MachineCycleService/CreateMachineCycle";

grpc::ByteBuffer Request() {
  plant::cycles::v1::CreateMachineCycleRequest request;
  *request.mutable_machine_cycle() = bench::Cycle();
  const grpc::Slice bytes(request.SerializeAsString());
  return {&bytes, 1};
}

/// One call after another, until the time is over.
class Caller {
 public:
  Caller(const std::shared_ptr<grpc::Channel>& channel, Clock::time_point end)
      : stub_(channel), request_(Request()), end_(end) {}

  void Call() {
    context_.emplace();
    context_->AddMetadata("x-actor", "benchmark");
    called_ = Clock::now();
    stub_.UnaryCall(&*context_, kMethod, grpc::StubOptions(), &request_, &answer_, [this](const grpc::Status& status) {
      Answered(status);
    });
  }

  /// Waits for the last answer. How many milliseconds each call took; says why, where one has failed.
  std::vector<double> Taken() {
    std::unique_lock<std::mutex> lock(mutex_);
    is_over_.wait(lock, [this] { return over_; });
    if (outcome_.ok()) return taken_ms_;
    std::cerr << "status " << outcome_.error_code() << ": " << outcome_.error_message() << '\n';
    return {};
  }

 private:
  void Answered(const grpc::Status& status) {
    const auto now = Clock::now();
    taken_ms_.push_back(std::chrono::duration<double, std::milli>(now - called_).count());
    if (status.ok() && now < end_) {
      Call();
      return;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    outcome_ = status;
    over_ = true;
    is_over_.notify_one();
  }

  grpc::GenericStub stub_;
  const grpc::ByteBuffer request_;
  const Clock::time_point end_;
  grpc::ByteBuffer answer_;
  std::optional<grpc::ClientContext> context_;
  Clock::time_point called_;
  std::vector<double> taken_ms_;
  std::mutex mutex_;
  std::condition_variable is_over_;
  grpc::Status outcome_;
  bool over_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: crowd HOST:PORT[,HOST:PORT...] IN_FLIGHT SECONDS\n";
    return 2;
  }
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  std::istringstream addresses(argv[1]);
  for (std::string address; std::getline(addresses, address, ',');) {
    channels.push_back(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  }
  const std::size_t in_flight = std::stoul(argv[2]);
  const double seconds = std::stod(argv[3]);
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::deque<Caller> callers;
  for (std::size_t number = 0; number < in_flight; ++number) {
    callers.emplace_back(channels[number % channels.size()], end);
    callers.back().Call();
  }
  std::vector<double> all;
  for (Caller& caller : callers) {
    const std::vector<double> taken_ms = caller.Taken();
    if (taken_ms.empty()) return 1;
    all.insert(all.end(), taken_ms.begin(), taken_ms.end());
  }
  bench::Print(std::move(all), seconds);
  return 0;
}
