// Writes records in batches behind the back of a loop that must not wait.
//
//     loop -> Add -> ring -> the writer's thread -> BatchCreate, each batch under one request_id until it is answered
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "toolcrib/crib.h"
#include "toolcrib/internal/ring.h"

namespace toolcrib {

/// How a BatchWriter works.
template <typename Record>
struct BatchWriterOptions {
  /// How many records can wait, at least: what a loop makes while the server is away.
  std::size_t queue_max = 8192;
  /// The most records in a batch.
  std::size_t batch_max = 500;
  /// How long records wait for others to go with them.
  Duration interval = std::chrono::milliseconds(20);
  /// How long the destructor lets what is queued be written.
  Duration close_timeout = std::chrono::seconds(5);
  /// Is handed each record that the server refuses, and why; on the writer's thread. The others are written.
  std::function<void(Record record, const Error& error)> on_refused;
};

/// What became of the records of a BatchWriter so far.
struct BatchWriterCounts {
  /// They are durable at the server, each once.
  std::uint64_t written = 0;
  /// The server refused them.
  std::uint64_t refused = 0;
  /// Add did not take them: the queue was full.
  std::uint64_t turned_away = 0;
  /// Calls that were made again, under the same request_id.
  std::uint64_t repeats = 0;
};

/// Creates records that are only queued by who makes them, in their order and each once. `Client` is the component's
/// generated client.
///
/// A batch keeps its request_id for as long as it takes: a server that is killed and started again, or a connection
/// that is cut behind the commit, neither loses a record nor doubles it. What is still queued when the process ends is
/// lost. Where the queue is full the newest record is the one that is turned away: who adds it is told at once and
/// decides.
template <typename Client>
class BatchWriter {
 public:
  using Record = typename Client::Record;
  using Options = BatchWriterOptions<Record>;

  /// Begins to write over this connection, in the name and for the reason that it has.
  explicit BatchWriter(const Crib& crib, Options options = {})
      : options_(std::move(options)),
        crib_(crib.Detached().WithRetryWrites(true)),
        client_(crib_),
        queue_(options_.queue_max),
        thread_([this] { Run(); }) {}

  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;

  /// Closes it, for up to `close_timeout`.
  ~BatchWriter() { Close(options_.close_timeout); }

  /// Queues a record, and answers false, leaving it alone, where the queue is full. Takes no lock, makes no call of the
  /// system and does not wait; from any thread.
  bool Add(Record&& record) {
    if (queue_.Push(std::move(record))) return true;
    turned_away_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }

  /// Waits until all that was added before is written or refused; answers false where it was not within `timeout`.
  bool Flush(Duration timeout) {
    std::unique_lock lock(mutex_);
    const std::uint64_t upto = taken_ + queue_.size();
    flushing_ = true;
    wake_.notify_all();
    return done_.wait_for(lock, timeout, [&] { return settled_ >= upto || ended_; }) && settled_ >= upto;
  }

  /// Writes what is queued for up to `timeout`, then ends. Answers how many records were not written; whether those of
  /// the last batch were is not known where their call was cut off. Not from within `on_refused`.
  std::size_t Close(Duration timeout) {
    {
      std::unique_lock lock(mutex_);
      closing_ = true;
      wake_.notify_all();
      done_.wait_for(lock, timeout, [&] { return ended_; });
    }
    crib_.Close();
    const std::lock_guard lock(joining_);
    if (thread_.joinable()) thread_.join();
    return abandoned_ + queue_.size();
  }

  /// What became of the records so far.
  BatchWriterCounts counts() const {
    BatchWriterCounts counts;
    counts.written = written_;
    counts.refused = refused_;
    counts.turned_away = turned_away_;
    counts.repeats = repeats_;
    return counts;
  }

  /// How many records wait, or did a moment ago.
  std::size_t queued() const { return queue_.size(); }

 private:
  void Run() {
    std::vector<Record> batch;
    while (Collect(batch)) {
      const bool sent = Send(batch, internal::NewRequestId());
      const std::lock_guard lock(mutex_);
      settled_ += batch.size();
      if (!sent) {
        abandoned_ = batch.size();
        break;
      }
      done_.notify_all();
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    done_.notify_all();
  }

  // Waits for records; answers false where there are none and will be none.
  bool Collect(std::vector<Record>& batch) {
    batch.clear();
    std::unique_lock lock(mutex_);
    while (true) {
      // It looks at the queue now and then, so that Add need not wake it.
      const bool hurried = closing_ || flushing_ || queue_.size() >= options_.batch_max;
      if (!hurried) wake_.wait_for(lock, options_.interval, [this] { return closing_ || flushing_; });
      Record record;
      while (batch.size() < options_.batch_max && queue_.Pop(record)) batch.push_back(std::move(record));
      taken_ += batch.size();
      if (!batch.empty()) return true;
      flushing_ = false;
      if (closing_) return false;
    }
  }

  // Until it is written, or refused; answers false where it was cut off.
  bool Send(const std::vector<Record>& batch, const std::string& request_id) {
    while (true) {
      const auto answer = client_.TryBatchCreate(batch, [&](auto& request) { request.set_request_id(request_id); });
      if (answer) {
        written_ += batch.size();
        return true;
      }
      if (crib_.calls()->closed()) return false;
      const Error& error = answer.error();
      if (!IsPassing(error)) return batch.size() == 1 ? Refuse(batch.front(), error) : SendEach(batch);
      ++repeats_;
      const Duration pause = std::max<Duration>(kPause, error.retry_delay().value_or(Duration::zero()));
      if (!crib_.calls()->Sleep(pause)) return false;
    }
  }

  // One bad record must not hold back the others of its batch, of which nothing was written.
  bool SendEach(const std::vector<Record>& batch) {
    return std::all_of(
        batch.begin(), batch.end(), [this](const Record& record) { return Send({record}, internal::NewRequestId()); });
  }

  bool Refuse(const Record& record, const Error& error) {
    ++refused_;
    if (options_.on_refused) options_.on_refused(record, error);
    return true;
  }

  // Whether the same call may well be answered later.
  static bool IsPassing(const Error& error) {
    switch (error.code()) {
      case Code::UNAVAILABLE:
      case Code::DEADLINE_EXCEEDED:
      case Code::CANCELLED:
        return true;
      case Code::RESOURCE_EXHAUSTED:
        return error.reason() == "SERVER_OVERLOADED" || error.reason() == "DISK_FULL";
      default:
        return false;
    }
  }

  static constexpr std::chrono::milliseconds kPause{100};

  const Options options_;
  const Crib crib_;
  const Client client_;
  internal::Ring<Record> queue_;

  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> turned_away_{0};
  std::atomic<std::uint64_t> repeats_{0};

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  bool closing_ = false;
  bool flushing_ = false;
  bool ended_ = false;
  std::uint64_t taken_ = 0;
  std::uint64_t settled_ = 0;
  std::size_t abandoned_ = 0;

  std::mutex joining_;
  std::thread thread_;
};

}  // namespace toolcrib
