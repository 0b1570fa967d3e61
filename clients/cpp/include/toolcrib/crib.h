// The connection to a server. Generated clients make their calls through it.
//
//     RecipeClient.Get -> Crib.Read -> the stub that protoc generates -> gRPC
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "toolcrib/internal/calls.h"
#include "toolcrib/internal/channel.h"
#include "toolcrib/internal/metadata.h"
#include "toolcrib/internal/patience.h"
#include "toolcrib/internal/ready_wait.h"
#include "toolcrib/internal/request_id.h"
#include "toolcrib/internal/status_details.h"
#include "toolcrib/result.h"
#include "toolcrib/settings.h"

namespace toolcrib {

/// Fills in what else a request is to say: `[](GetRecipeRequest& request) { request.set_show_deleted(true); }`.
template <typename Request>
using Fill = std::function<void(Request&)>;

/// A connection to a Toolcrib server, or a view of one with other settings. It may be used from several threads; copies
/// and views are cheap and share the connection, which is best kept open.
///
///     const auto crib = toolcrib::Crib::Connect("127.0.0.1:50051").AsActor("press-7");
///     RecipeClient recipes(crib);
class Crib {
 public:
  /// Connects to "host:port", or "unix:/path". The connection itself is made with the first call. Throws Error
  /// (INVALID_ARGUMENT) for settings that cannot be, such as a certificate that cannot be read.
  static Crib Connect(const std::string& address, const ConnectOptions& options = {}) {
    return TryConnect(address, options).value();
  }

  /// The same without exceptions.
  static Result<Crib> TryConnect(const std::string& address, const ConnectOptions& options = {}) {
    if (auto checked = Checked(options.settings.timeout); !checked) return checked.error();
    const auto credentials = internal::Credentials(options.tls);
    if (!credentials) return credentials.error();
    auto channel = grpc::CreateCustomChannel(address, credentials.value(), internal::ChannelArguments(options.tls));
    return Crib(std::move(channel), address, internal::Calls::Make(), options.settings);
  }

  /// The channel of gRPC, for stubs.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  /// Where the server is.
  const std::string& address() const { return address_; }
  /// What goes with each call.
  const CallSettings& settings() const { return settings_; }

  /// A view that calls in the name of `actor`.
  Crib AsActor(std::string actor) const {
    CallSettings settings = settings_;
    settings.actor = std::move(actor);
    return With(settings);
  }

  /// A view whose calls are about the records of `tenant`.
  Crib AsTenant(std::string tenant) const {
    CallSettings settings = settings_;
    settings.tenant = std::move(tenant);
    return With(settings);
  }

  /// A view whose changes are made for `reason`.
  Crib WithReason(std::string reason) const {
    CallSettings settings = settings_;
    settings.reason = std::move(reason);
    return With(settings);
  }

  /// A view whose calls may take `timeout`, their retries included; nothing is without end. Throws Error
  /// (INVALID_ARGUMENT) for one that is not more than zero.
  Crib WithTimeout(std::optional<Duration> timeout) const {
    Checked(timeout).value();
    CallSettings settings = settings_;
    settings.timeout = timeout;
    return With(settings);
  }

  /// A view whose writes are tried again while the server is unavailable, each done once; or never.
  Crib WithRetryWrites(bool retry_writes) const {
    CallSettings settings = settings_;
    settings.retry_writes = retry_writes;
    return With(settings);
  }

  /// A view that can be closed by itself. It is closed with this one too.
  Crib Detached() const { return Crib(channel_, address_, internal::Calls::Make(calls_), settings_); }

  /// Ends the calls and watches that are under way, and refuses those that come, also of the views that share the
  /// connection. The connection itself is given up with the last view and client.
  void Close() const { calls_->Close(); }

  /// Waits until the server serves and its database answers. Throws Error: UNAVAILABLE after `timeout`.
  void WaitReady(Duration timeout = std::chrono::seconds(10)) const { TryWaitReady(timeout).value(); }

  /// The same without exceptions.
  Result<void> TryWaitReady(Duration timeout = std::chrono::seconds(10)) const {
    internal::ReadyWait wait(address_, timeout);
    while (true) {
      const Result<bool> over = wait.IsOver(Health(wait.CheckTimeout()));
      if (!over) return over.error();
      if (over.value()) return {};
      const Result<Duration> pause = wait.Pause();
      if (!pause) return pause.error();
      if (!calls_->Sleep(pause.value())) return Closed();
    }
  }

  /// Calls a method that changes nothing; tries again while the server is unavailable.
  template <typename Stub, typename Request, typename Response>
  Result<Response> Read(
      Stub& stub,
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
      const Request& request) const {
    return Try(stub, method, request, internal::Patience(settings_.timeout));
  }

  /// Calls a method that changes something; with `retry_writes` tries again while the server is unavailable.
  ///
  /// Gives `request` an id unless it has one, under which the server does it once.
  template <typename Stub, typename Request, typename Response>
  Result<Response> Write(
      Stub& stub,
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
      Request& request) const {
    if (settings_.retry_writes && request.request_id().empty() && !request.validate_only()) {
      // What is not written needs no id to be repeated.
      request.set_request_id(internal::NewRequestId());
    }
    return Try(stub, method, request, internal::Patience(settings_.timeout, !settings_.retry_writes));
  }

  /// What is under way; for the parts of the runtime.
  const std::shared_ptr<internal::Calls>& calls() const { return calls_; }

  /// Gives a call its metadata; for the parts of the runtime.
  void Prepare(grpc::ClientContext& context) const {
    for (const auto& [key, value] : metadata_) context.AddMetadata(key, value);
  }

  /// What a call on a closed connection is answered.
  static Error Closed() { return {Code::CANCELLED, "the connection was closed by this program"}; }

 private:
  Crib(
      std::shared_ptr<grpc::Channel> channel,
      std::string address,
      std::shared_ptr<internal::Calls> calls,
      CallSettings settings)
      : channel_(std::move(channel)),
        address_(std::move(address)),
        calls_(std::move(calls)),
        settings_(std::move(settings)),
        metadata_(internal::MetadataOf(settings_)) {}

  static Result<void> Checked(std::optional<Duration> timeout) {
    if (!timeout || *timeout > Duration::zero()) return {};
    return Error(Code::INVALID_ARGUMENT, "the timeout must be more than 0, or nothing to wait without end");
  }

  Crib With(const CallSettings& settings) const { return Crib(channel_, address_, calls_, settings); }

  template <typename Stub, typename Request, typename Response>
  Result<Response> Try(
      Stub& stub,
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
      const Request& request,
      internal::Patience patience) const {
    while (true) {
      Result<Response> answer =
          Once<Request, Response>(patience.Remaining(), [&](grpc::ClientContext& context, Response& response) {
            return (stub.*method)(&context, request, &response);
          });
      if (answer.ok() || answer.error().code() != Code::UNAVAILABLE) return answer;
      const auto pause = patience.Pause(answer.error());
      if (!pause) return answer;
      if (!calls_->Sleep(*pause)) return Closed();
      // The pause took longer than it should: what the last try came to tells more.
      if (patience.IsOver()) return answer;
    }
  }

  template <typename Request, typename Response, typename Invoke>
  Result<Response> Once(std::optional<Duration> timeout, const Invoke& invoke) const {
    if (timeout && *timeout < internal::kShortestCall) {
      return Error(
          Code::DEADLINE_EXCEEDED,
          "the time for the call was over before it was sent; give it more, or nothing to wait without end");
    }
    grpc::ClientContext context;
    Prepare(context);
    if (timeout) {
      context.set_deadline(
          std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::system_clock::duration>(*timeout));
    }
    const internal::Calls::Scope scope(*calls_, context);
    if (!scope.open()) return Closed();
    Response response;
    const grpc::Status status = invoke(context, response);
    if (status.ok()) return response;
    if (status.error_code() == Code::CANCELLED && calls_->closed()) return Closed();
    return internal::ErrorFromStatus(status, Request::descriptor()->full_name());
  }

  // By its name: grpc.health.v1 would be one more package to compile, and to be compiled twice.
  Result<int> Health(Duration timeout) const {
    using Request = client::v1::HealthCheckRequest;
    using Response = client::v1::HealthCheckResponse;
    grpc::TemplatedGenericStub<Request, Response> stub(channel_);
    const auto answer = Once<Request, Response>(timeout, [&](grpc::ClientContext& context, Response& response) {
      const Request request;
      // Shared: set_value may still be at its end when the answer is there already.
      const auto done = std::make_shared<std::promise<grpc::Status>>();
      stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response, [done](grpc::Status status) {
        done->set_value(std::move(status));
      });
      return done->get_future().get();
    });
    if (!answer) return answer.error();
    return answer.value().status();
  }

  std::shared_ptr<grpc::Channel> channel_;
  std::string address_;
  std::shared_ptr<internal::Calls> calls_;
  CallSettings settings_;
  internal::Metadata metadata_;
};

}  // namespace toolcrib
