// A watch that calls back, on a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "toolcrib/watch.h"

namespace toolcrib {

/// What an AsyncWatch calls, each on the thread of the watch and one at a time. They must not throw; those that are
/// left out are not called.
template <typename Record>
struct WatchHandlers {
  /// The records that there are, where the watch was asked for them.
  std::function<void(std::vector<Record> records)> on_snapshot;
  /// A commit. The watch's resume_token goes on behind it once this has returned.
  std::function<void(const Commit<Record>& commit)> on_commit;
  /// The watch cannot go on, for this reason; nothing comes behind it.
  std::function<void(const Error& error)> on_error;
};

/// Runs a watch on a thread of its own until it is stopped.
///
///     toolcrib::WatchHandlers<ToolOffset> handlers;
///     handlers.on_commit = [&](const toolcrib::Commit<ToolOffset>& commit) { ... };
///     toolcrib::AsyncWatch<ToolOffset> edits(tools.Watch(toolcrib::WithSnapshot), handlers);
template <typename Record>
class AsyncWatch {
 public:
  /// Begins it.
  AsyncWatch(Watch<Record> watch, WatchHandlers<Record> handlers)
      : run_(std::make_shared<Run>(std::move(watch), std::move(handlers))), thread_([run = run_] { run->Follow(); }) {}

  AsyncWatch(const AsyncWatch&) = delete;
  AsyncWatch& operator=(const AsyncWatch&) = delete;

  /// Stops it. A handler may destroy its own watch; the thread then ends when the handler returns.
  ~AsyncWatch() {
    Stop();
    if (thread_.joinable()) thread_.detach();
  }

  /// Stops it, from any thread, also from within a handler. When this returns no handler runs and none will, but for
  /// the one that it is called from.
  void Stop() {
    run_->watch.Close();
    if (run_->thread == std::this_thread::get_id()) return;
    const std::lock_guard lock(joining_);
    if (thread_.joinable()) thread_.join();
  }

  /// Goes on behind the last commit that was handled; empty before there is any place to go on from.
  std::string resume_token() const { return run_->watch.resume_token(); }
  /// All up to this revision was handled.
  std::int64_t revision() const { return run_->watch.revision(); }

 private:
  // Shared with the thread, which may outlive the object by the end of a handler.
  struct Run {
    Run(Watch<Record> asked, WatchHandlers<Record> called) : watch(std::move(asked)), handlers(std::move(called)) {}

    void Follow() {
      thread = std::this_thread::get_id();
      const std::optional<Error> error = FollowToTheEnd();
      if (error && handlers.on_error) handlers.on_error(*error);
    }

    std::optional<Error> FollowToTheEnd() {
      if (watch.awaits_snapshot()) {
        auto records = watch.TrySnapshot();
        if (!records) return records.error();
        // Closed before it was whole.
        if (watch.awaits_snapshot()) return std::nullopt;
        if (handlers.on_snapshot) handlers.on_snapshot(std::move(records).value());
      }
      while (true) {
        const auto commit = watch.TryNext();
        if (!commit) return commit.error();
        if (!commit.value()) return std::nullopt;
        if (handlers.on_commit) handlers.on_commit(*commit.value());
      }
    }

    Watch<Record> watch;
    const WatchHandlers<Record> handlers;
    std::atomic<std::thread::id> thread{std::thread::id()};
  };

  const std::shared_ptr<Run> run_;
  std::mutex joining_;
  std::thread thread_;
};

}  // namespace toolcrib
