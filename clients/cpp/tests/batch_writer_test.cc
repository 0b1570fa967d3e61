// The BatchWriter: each record once and in its order, and nothing that waits.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fake_server.h"

namespace toolcrib::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Writer = BatchWriter<MachineCycleClient>;

MachineCycle Numbered(int number) {
  MachineCycle cycle;
  cycle.set_rotational_speed_rpm(number);
  return cycle;
}

/// A server that does each request_id once, and misbehaves as it is told.
class Store {
 public:
  explicit Store(FakeServer& server) {
    server.on_batch = [this](const BatchCreateMachineCyclesRequest& request, BatchCreateMachineCyclesResponse&) {
      const std::lock_guard lock(mutex_);
      grpc::Status before = refuse ? refuse(request) : grpc::Status::OK;
      if (!before.ok()) return before;
      if (done_.insert(request.request_id()).second) {
        for (const auto& each : request.requests()) numbers_.push_back(each.machine_cycle().rotational_speed_rpm());
      }
      return ++calls_ % lost_every == 0 ? grpc::Status(Code::UNAVAILABLE, "the answer was lost") : grpc::Status::OK;
    };
  }

  std::vector<int> numbers() const {
    const std::lock_guard lock(mutex_);
    return numbers_;
  }

  std::function<grpc::Status(const BatchCreateMachineCyclesRequest&)> refuse;
  int lost_every = 1'000'000;

 private:
  mutable std::mutex mutex_;
  std::set<std::string> done_;
  std::vector<int> numbers_;
  int calls_ = 0;
};

std::vector<int> UpTo(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST(BatchWriters, WriteEachRecordOnceInItsOrderThoughAnswersAreLost) {
  FakeServer server;
  Store store(server);
  store.lost_every = 3;
  Writer::Options options;
  options.batch_max = 100;
  options.interval = milliseconds(1);
  Writer writer(server.Connect(), options);
  for (int number = 0; number < 1000; ++number) EXPECT_TRUE(writer.Add(Numbered(number)));
  EXPECT_TRUE(writer.Flush(seconds(30)));
  EXPECT_EQ(store.numbers(), UpTo(1000));
  EXPECT_EQ(writer.counts().written, 1000U);
  EXPECT_EQ(writer.Close(seconds(1)), 0U);
}

TEST(BatchWriters, GoOnWithTheSameRequestBehindATimeout) {
  FakeServer server;
  Store store(server);
  std::vector<std::string> ids;
  store.refuse = [&](const BatchCreateMachineCyclesRequest& request) {
    ids.push_back(request.request_id());
    return ids.size() < 3 ? grpc::Status(Code::DEADLINE_EXCEEDED, "late") : grpc::Status::OK;
  };
  Writer writer(server.Connect());
  writer.Add(Numbered(0));
  EXPECT_TRUE(writer.Flush(seconds(30)));
  EXPECT_EQ(ids, std::vector<std::string>(3, ids[0]));
  EXPECT_EQ(writer.counts().repeats, 2U);
}

TEST(BatchWriters, TurnTheNewestAwayWhereTheQueueIsFull) {
  FakeServer server;
  Store store(server);
  std::promise<void> release;
  auto released = release.get_future().share();
  store.refuse = [&](const auto&) {
    released.wait();
    return grpc::Status::OK;
  };
  Writer::Options options;
  options.queue_max = 16;
  options.batch_max = 16;
  options.interval = milliseconds(1);
  Writer writer(server.Connect(), options);
  int taken = 0;
  MachineCycle record = Numbered(taken);
  // One batch is under way and the queue is full behind it.
  while (taken < 16 || writer.queued() < 16) {
    // What is turned away is left alone, which clang-tidy does not know: that is what this is about.
    if (writer.Add(std::move(record))) record = Numbered(++taken);  // NOLINT(bugprone-use-after-move)
  }
  EXPECT_FALSE(writer.Add(std::move(record)));
  EXPECT_EQ(record.rotational_speed_rpm(), taken);  // NOLINT(bugprone-use-after-move)
  EXPECT_GE(writer.counts().turned_away, 1U);
  release.set_value();
  EXPECT_TRUE(writer.Flush(seconds(30)));
  EXPECT_EQ(store.numbers(), UpTo(taken));
}

TEST(BatchWriters, HandBackWhatIsRefusedAndWriteTheOthers) {
  FakeServer server;
  Store store(server);
  store.refuse = [](const BatchCreateMachineCyclesRequest& request) {
    for (const auto& each : request.requests()) {
      if (each.machine_cycle().rotational_speed_rpm() == 3) {
        return Refusal(Code::INVALID_ARGUMENT, "wrong", "INVALID_RECORD");
      }
    }
    return grpc::Status::OK;
  };
  std::vector<int> refused;
  Writer::Options options;
  options.on_refused = [&](const MachineCycle& cycle, const Error& error) {
    EXPECT_EQ(error.reason(), "INVALID_RECORD");
    refused.push_back(cycle.rotational_speed_rpm());
  };
  Writer writer(server.Connect(), options);
  for (int number = 0; number < 6; ++number) writer.Add(Numbered(number));
  EXPECT_TRUE(writer.Flush(seconds(30)));
  EXPECT_EQ(store.numbers(), (std::vector<int>{0, 1, 2, 4, 5}));
  EXPECT_EQ(refused, std::vector<int>{3});
  EXPECT_EQ(writer.counts().refused, 1U);
}

TEST(BatchWriters, CloseInTimeAndSayWhatWasNotWritten) {
  const auto crib = Crib::Connect("127.0.0.1:1");
  Writer writer(crib);
  for (int number = 0; number < 6; ++number) writer.Add(Numbered(number));
  EXPECT_FALSE(writer.Flush(milliseconds(50)));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(writer.Close(milliseconds(200)), 6U);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
}

TEST(Rings, GiveEachItemOnceInTheOrderOfEachWriter) {
  internal::Ring<int> ring(64);
  constexpr int kEach = 20'000;
  std::vector<std::thread> writers;
  writers.reserve(3);
  for (int writer = 0; writer < 3; ++writer) {
    writers.emplace_back([&ring, writer] {
      for (int number = 0; number < kEach; ++number) {
        while (!ring.Push(writer * kEach + number)) std::this_thread::yield();
      }
    });
  }
  std::vector<int> next(3, 0);
  for (int taken = 0; taken < 3 * kEach;) {
    int item = 0;
    if (!ring.Pop(item)) {
      std::this_thread::yield();
      continue;
    }
    ++taken;
    ASSERT_EQ(item % kEach, next[static_cast<std::size_t>(item / kEach)]++);
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(ring.size(), 0U);
}

}  // namespace
}  // namespace toolcrib::testing
