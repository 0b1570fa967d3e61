// The calls that are under way, so that they can be ended.
#pragma once

#include <grpcpp/client_context.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "toolcrib/error.h"

namespace toolcrib::internal {

/// Calls that end together, also those that wait to be tried again.
class Calls {
 public:
  /// Calls of their own, which end when those of `parent` do too.
  static std::shared_ptr<Calls> Make(const std::shared_ptr<Calls>& parent = nullptr) {
    auto calls = std::make_shared<Calls>();
    if (parent) parent->Adopt(calls);
    return calls;
  }

  /// Ends what is under way, and refuses what comes.
  void Close() {
    std::vector<std::shared_ptr<Calls>> children;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      // Within the lock: no context goes away before it is told.
      for (grpc::ClientContext* context : contexts_) context->TryCancel();
      for (const auto& child : children_) {
        if (auto alive = child.lock()) children.push_back(std::move(alive));
      }
    }
    closing_.notify_all();
    for (const auto& child : children) child->Close();
  }

  /// Whether Close was called.
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  /// Sleeps; answers false where that was cut short by Close.
  bool Sleep(Duration pause) {
    std::unique_lock lock(mutex_);
    return !closing_.wait_for(lock, pause, [this] { return closed_; });
  }

  /// A call that is under way for as long as this lives.
  class Scope {
   public:
    /// Begins one; a call whose context is `context` is ended by Close from here on.
    Scope(Calls& calls, grpc::ClientContext& context) : calls_(calls), context_(context) {
      const std::lock_guard lock(calls_.mutex_);
      open_ = !calls_.closed_;
      if (open_) calls_.contexts_.push_back(&context_);
    }
    ~Scope() {
      const std::lock_guard lock(calls_.mutex_);
      auto& contexts = calls_.contexts_;
      contexts.erase(std::remove(contexts.begin(), contexts.end(), &context_), contexts.end());
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    /// Whether calls may still be made.
    bool open() const { return open_; }

   private:
    Calls& calls_;
    grpc::ClientContext& context_;
    bool open_ = false;
  };

 private:
  void Adopt(const std::shared_ptr<Calls>& child) {
    const std::lock_guard lock(mutex_);
    const auto gone = [](const std::weak_ptr<Calls>& each) { return each.expired(); };
    children_.erase(std::remove_if(children_.begin(), children_.end(), gone), children_.end());
    children_.push_back(child);
    if (closed_) child->Close();
  }

  mutable std::mutex mutex_;
  std::condition_variable closing_;
  bool closed_ = false;
  // Few at a time: a thread has one.
  std::vector<grpc::ClientContext*> contexts_;
  std::vector<std::weak_ptr<Calls>> children_;
};

}  // namespace toolcrib::internal
