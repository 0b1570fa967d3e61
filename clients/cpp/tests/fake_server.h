// A server within the test that answers what the test tells it to.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "plant/cycles/v1/machine_cycle_client.h"
#include "plant/tools/v1/tool_offset_client.h"
#include "toolcrib/client/v1/details.pb.h"

namespace toolcrib::testing {

using plant::cycles::v1::BatchCreateMachineCyclesRequest;
using plant::cycles::v1::BatchCreateMachineCyclesResponse;
using plant::cycles::v1::MachineCycle;
using plant::cycles::v1::MachineCycleClient;
using plant::tools::v1::CreateToolOffsetRequest;
using plant::tools::v1::GetToolOffsetRequest;
using plant::tools::v1::ListToolOffsetsRequest;
using plant::tools::v1::ListToolOffsetsResponse;
using plant::tools::v1::ToolOffset;
using plant::tools::v1::ToolOffsetClient;
using plant::tools::v1::WatchToolOffsetsRequest;
using plant::tools::v1::WatchToolOffsetsResponse;

/// Metadata of a call, by its keys.
using Received = std::multimap<std::string, std::string>;

inline Received MetadataOf(const grpc::ServerContext& context) {
  Received received;
  for (const auto& [key, value] : context.client_metadata()) {
    received.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  return received;
}

/// A status as Toolcrib's server answers one.
inline grpc::Status Refusal(Code code, const std::string& message, const std::string& reason) {
  client::v1::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("toolcrib.dev");
  (*info.mutable_metadata())["field"] = "name";
  client::v1::BadRequest bad;
  auto& violation = *bad.add_field_violations();
  violation.set_field("tool_offset.pocket");
  violation.set_description("must be at least 0");
  violation.set_reason("int32.gte");
  client::v1::Status status;
  status.set_code(code);
  status.set_message(message);
  auto& first = *status.add_details();
  first.set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  first.set_value(info.SerializeAsString());
  auto& second = *status.add_details();
  second.set_type_url("type.googleapis.com/google.rpc.BadRequest");
  second.set_value(bad.SerializeAsString());
  return {code, message, status.SerializeAsString()};
}

/// What a server answers that is away for so long.
inline grpc::Status AwayFor(std::chrono::milliseconds delay) {
  client::v1::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(delay.count() / 1000);
  info.mutable_retry_delay()->set_nanos(static_cast<int>(delay.count() % 1000) * 1000000);
  client::v1::Status status;
  status.set_code(Code::UNAVAILABLE);
  status.set_message("away");
  auto& detail = *status.add_details();
  detail.set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  detail.set_value(info.SerializeAsString());
  return {Code::UNAVAILABLE, status.message(), status.SerializeAsString()};
}

/// Calls `answer` for each call, on one of gRPC's threads. What is not set is UNIMPLEMENTED.
class FakeServer {
 public:
  using Writer = grpc::ServerWriter<WatchToolOffsetsResponse>;

  std::function<grpc::Status(const Received&, const GetToolOffsetRequest&, ToolOffset&)> on_get;
  std::function<grpc::Status(const CreateToolOffsetRequest&, ToolOffset&)> on_create;
  std::function<grpc::Status(const ListToolOffsetsRequest&, ListToolOffsetsResponse&)> on_list;
  std::function<grpc::Status(grpc::ServerContext&, const WatchToolOffsetsRequest&, Writer&)> on_watch;
  std::function<grpc::Status(const BatchCreateMachineCyclesRequest&, BatchCreateMachineCyclesResponse&)> on_batch;

  FakeServer() : tools_(*this), cycles_(*this) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&tools_);
    builder.RegisterService(&cycles_);
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  ~FakeServer() { server_->Shutdown(std::chrono::system_clock::now()); }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  const std::string& address() const { return address_; }
  Crib Connect() const { return Crib::Connect(address_); }

 private:
  static grpc::Status Missing() { return {Code::UNIMPLEMENTED, "Method not found!"}; }

  class Tools final : public plant::tools::v1::ToolOffsetService::Service {
   public:
    explicit Tools(FakeServer& owner) : owner_(owner) {}
    grpc::Status GetToolOffset(
        grpc::ServerContext* context, const GetToolOffsetRequest* request, ToolOffset* response) override {
      return owner_.on_get ? owner_.on_get(MetadataOf(*context), *request, *response) : Missing();
    }
    grpc::Status CreateToolOffset(
        grpc::ServerContext* /*context*/, const CreateToolOffsetRequest* request, ToolOffset* response) override {
      return owner_.on_create ? owner_.on_create(*request, *response) : Missing();
    }
    grpc::Status ListToolOffsets(
        grpc::ServerContext* /*context*/,
        const ListToolOffsetsRequest* request,
        ListToolOffsetsResponse* response) override {
      return owner_.on_list ? owner_.on_list(*request, *response) : Missing();
    }
    grpc::Status WatchToolOffsets(
        grpc::ServerContext* context, const WatchToolOffsetsRequest* request, Writer* writer) override {
      return owner_.on_watch ? owner_.on_watch(*context, *request, *writer) : Missing();
    }

   private:
    FakeServer& owner_;
  };

  class Cycles final : public plant::cycles::v1::MachineCycleService::Service {
   public:
    explicit Cycles(FakeServer& owner) : owner_(owner) {}
    grpc::Status BatchCreateMachineCycles(
        grpc::ServerContext* /*context*/,
        const BatchCreateMachineCyclesRequest* request,
        BatchCreateMachineCyclesResponse* response) override {
      return owner_.on_batch ? owner_.on_batch(*request, *response) : Missing();
    }

   private:
    FakeServer& owner_;
  };

  Tools tools_;
  Cycles cycles_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace toolcrib::testing
