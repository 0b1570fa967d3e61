// Watches: what is committed, as it is committed.
//
//     auto watch = tools.Watch(toolcrib::WithSnapshot);
//     for (const ToolOffset& tool : watch.Snapshot()) ...
//     while (auto commit = watch.Next()) ...
//
// A watch goes on by itself where its connection or its server is lost, behind the last commit that it gave: without
// gap and without repeat. `resume_token` lets another process do the same.
#pragma once

#include <google/protobuf/any.pb.h>
#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "toolcrib/commit.h"
#include "toolcrib/crib.h"
#include "toolcrib/internal/course.h"
#include "toolcrib/watch/v1/watch.grpc.pb.h"

namespace toolcrib {

/// Has a watch begin with the records that there are.
inline constexpr auto WithSnapshot = [](auto& request) { request.mutable_start()->set_snapshot(true); };

namespace internal {

/// A watch of `Record`, whatever messages it comes in.
template <typename Record>
class WatchStream {
 public:
  WatchStream() = default;
  WatchStream(const WatchStream&) = delete;
  WatchStream& operator=(const WatchStream&) = delete;
  virtual ~WatchStream() = default;
  virtual Result<std::vector<Record>> Snapshot() = 0;
  virtual Result<std::optional<Commit<Record>>> Next() = 0;
  virtual bool AwaitsSnapshot() const = 0;
  virtual std::string ResumeToken() const = 0;
  virtual std::int64_t Revision() const = 0;
  virtual void Close() = 0;
};

/// One call of a watch. It is ended where nothing came in time: later it may wait without end.
template <typename Response>
class WatchCall {
 public:
  template <typename Stub, typename Request>
  WatchCall(
      const Crib& crib,
      Calls& calls,
      Stub& stub,
      std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*, const Request&),
      const Request& request,
      std::optional<Duration> until_first)
      : request_(Request::descriptor()->full_name()),
        context_(std::make_shared<grpc::ClientContext>()),
        scope_(calls, *context_) {
    crib.Prepare(*context_);
    if (!scope_.open()) context_->TryCancel();
    if (until_first) {
      const auto wait = std::chrono::duration_cast<std::chrono::system_clock::duration>(*until_first);
      alarm_.Set(std::chrono::system_clock::now() + wait, [context = context_, late = late_](bool rang) {
        if (!rang) return;
        late->store(true);
        context->TryCancel();
      });
    }
    reader_ = (stub.*method)(context_.get(), request);
  }

  /// Waits for the next message; answers false where there is none.
  bool Read(Response& message) {
    if (!reader_->Read(&message)) return false;
    alarm_.Cancel();
    return true;
  }

  /// Why there is none.
  Error Finish() {
    const grpc::Status status = reader_->Finish();
    alarm_.Cancel();
    if (late_->load()) return {Code::DEADLINE_EXCEEDED, "the server did not begin the watch in time"};
    if (status.ok()) return {Code::UNAVAILABLE, "the server ended the watch"};
    return ErrorFromStatus(status, request_);
  }

 private:
  const std::string request_;
  std::shared_ptr<std::atomic<bool>> late_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<grpc::ClientContext> context_;
  Calls::Scope scope_;
  grpc::Alarm alarm_;
  std::unique_ptr<grpc::ClientReader<Response>> reader_;
};

/// A watch that begins one call after another, until it is closed.
template <typename Record, typename Stub, typename Request, typename Response>
class ResumingStream final : public WatchStream<Record> {
 public:
  using Method = std::unique_ptr<grpc::ClientReader<Response>> (Stub::*)(grpc::ClientContext*, const Request&);

  ResumingStream(Crib crib, std::shared_ptr<Stub> stub, Method method, Request request)
      : crib_(std::move(crib)),
        calls_(Calls::Make(crib_.calls())),
        stub_(std::move(stub)),
        method_(method),
        resuming_(crib_.settings().timeout),
        course_(std::move(request)) {}

  ~ResumingStream() override { calls_->Close(); }

  Result<std::vector<Record>> Snapshot() override {
    if (!AwaitsSnapshot()) {
      return Error(Code::FAILED_PRECONDITION, "there is no snapshot: ask for one with WithSnapshot, and take it once");
    }
    Response message;
    while (true) {
      auto received = Receive(message);
      if (!received) return received.error();
      if (!received.value()) return std::vector<Record>();
      const std::lock_guard lock(mutex_);
      if (auto records = course_.TakeRecords(message)) return *std::move(records);
    }
  }

  Result<std::optional<Commit<Record>>> Next() override {
    if (AwaitsSnapshot()) {
      return Error(Code::FAILED_PRECONDITION, "the snapshot comes first: take it with Snapshot");
    }
    {
      const std::lock_guard lock(mutex_);
      course_.Given();
    }
    Response message;
    while (true) {
      auto received = Receive(message);
      if (!received) return received.error();
      if (!received.value()) return std::optional<Commit<Record>>();
      const std::lock_guard lock(mutex_);
      if (auto commit = course_.Take(message)) return commit;
    }
  }

  bool AwaitsSnapshot() const override {
    const std::lock_guard lock(mutex_);
    return course_.awaits_snapshot();
  }

  std::string ResumeToken() const override {
    const std::lock_guard lock(mutex_);
    return course_.resume_token();
  }

  std::int64_t Revision() const override {
    const std::lock_guard lock(mutex_);
    return course_.revision();
  }

  void Close() override {
    ended_ = true;
    calls_->Close();
  }

 private:
  // The next message of one call after another; false where the watch was closed, an error where its connection was.
  Result<bool> Receive(Response& message) {
    if (failed_) return *failed_;
    while (!calls_->closed()) {
      WatchCall<Response>& call = call_ ? *call_ : Begin();
      if (call.Read(message)) {
        resuming_.Received();
        return true;
      }
      const Error error = call.Finish();
      call_.reset();
      if (calls_->closed()) break;
      const auto pause = resuming_.Pause(error);
      if (!pause) {
        failed_ = pause.error();
        return *failed_;
      }
      calls_->Sleep(pause.value());
    }
    if (!ended_) return Crib::Closed();
    return false;
  }

  WatchCall<Response>& Begin() {
    Request request;
    {
      const std::lock_guard lock(mutex_);
      request = course_.Ask();
    }
    return call_.emplace(crib_, *calls_, *stub_, method_, request, resuming_.UntilFirst());
  }

  const Crib crib_;
  const std::shared_ptr<Calls> calls_;
  const std::shared_ptr<Stub> stub_;
  const Method method_;
  Resuming resuming_;
  std::optional<WatchCall<Response>> call_;
  std::optional<Error> failed_;
  std::atomic<bool> ended_{false};
  // Guards the course: where the watch has come to may be asked from another thread.
  mutable std::mutex mutex_;
  Course<Record, Request, Response> course_;
};

}  // namespace internal

/// A watch. Nothing is asked before the first `Snapshot` or `Next`, which wait for what comes; one thread may call them
/// at a time. What is not read waits at the server, which begins anew with a watch that is much too slow.
template <typename Record>
class Watch {
 public:
  /// Made by generated clients.
  explicit Watch(std::unique_ptr<internal::WatchStream<Record>> stream) : stream_(std::move(stream)) {}

  /// The records that there are, where the watch was asked for them; they come first. Throws Error.
  std::vector<Record> Snapshot() { return TrySnapshot().value(); }
  /// The same without exceptions.
  Result<std::vector<Record>> TrySnapshot() { return stream_->Snapshot(); }

  /// The next commit, with all its changes; nothing once the watch is closed. Throws Error where it cannot go on: the
  /// server never answered within the call's time, what comes next is no longer kept, or the connection was closed.
  std::optional<Commit<Record>> Next() { return TryNext().value(); }
  /// The same without exceptions.
  Result<std::optional<Commit<Record>>> TryNext() { return stream_->Next(); }

  /// Whether a snapshot is still to come.
  bool awaits_snapshot() const { return stream_->AwaitsSnapshot(); }
  /// Goes on behind the last commit that was given in whole, which is so when the one behind it is asked for: who is
  /// stopped in the middle of a commit is given it once more. Empty before there is any place to go on from.
  std::string resume_token() const { return stream_->ResumeToken(); }
  /// All up to this revision was given.
  std::int64_t revision() const { return stream_->Revision(); }

  /// Ends it, from any thread; who waits in Next comes to the end.
  void Close() { stream_->Close(); }

 private:
  std::unique_ptr<internal::WatchStream<Record>> stream_;
};

namespace internal {

/// The watch that a method of a service streams.
template <typename Record, typename Stub, typename Request, typename Response>
Watch<Record> MakeWatch(
    const Crib& crib,
    std::shared_ptr<Stub> stub,
    std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*, const Request&),
    Request request) {
  using Stream = ResumingStream<Record, Stub, Request, Response>;
  return Watch<Record>(std::make_unique<Stream>(crib, std::move(stub), method, std::move(request)));
}

}  // namespace internal

/// Watches several components, or all where the request names none, each commit of them at once. Records come packed.
inline Watch<google::protobuf::Any> WatchComponents(const Crib& crib, const Fill<watch::v1::WatchRequest>& fill = {}) {
  watch::v1::WatchRequest request;
  if (fill) fill(request);
  std::shared_ptr<watch::v1::WatchService::Stub> stub = watch::v1::WatchService::NewStub(crib.channel());
  return internal::MakeWatch<google::protobuf::Any>(
      crib, std::move(stub), &watch::v1::WatchService::Stub::Watch, std::move(request));
}

}  // namespace toolcrib
