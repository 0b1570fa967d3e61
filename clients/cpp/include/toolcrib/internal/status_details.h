// gRPC's status, with the server's details, as an Error.
#pragma once

#include <google/protobuf/any.pb.h>
#include <grpcpp/support/status.h>

#include <optional>
#include <string>

#include "toolcrib/client/v1/details.pb.h"
#include "toolcrib/error.h"

namespace toolcrib::internal {

/// The detail of a type of google.rpc, if there is one. A detail that does not parse counts as none: some proxy's own
/// idea of details must not hide the error itself.
template <typename Detail>
std::optional<Detail> DetailOf(const client::v1::Status& status) {
  const std::string suffix = "/google.rpc." + Detail::descriptor()->name();
  for (const google::protobuf::Any& packed : status.details()) {
    const std::string& url = packed.type_url();
    if (url.size() < suffix.size() || url.compare(url.size() - suffix.size(), suffix.size(), suffix) != 0) continue;
    Detail detail;
    if (detail.ParseFromString(packed.value())) return detail;
  }
  return std::nullopt;
}

/// What the server said in the status' details.
inline void ReadDetails(const client::v1::Status& status, ErrorFacts& facts) {
  if (const auto info = DetailOf<client::v1::ErrorInfo>(status)) {
    facts.reason = info->reason();
    facts.metadata = {info->metadata().begin(), info->metadata().end()};
  }
  if (const auto bad = DetailOf<client::v1::BadRequest>(status)) {
    for (const auto& each : bad->field_violations()) {
      facts.violations.push_back({each.field(), each.description(), each.reason()});
    }
  }
  if (const auto failure = DetailOf<client::v1::PreconditionFailure>(status)) {
    for (const auto& each : failure->violations()) {
      facts.preconditions.push_back({each.type(), each.subject(), each.description()});
    }
  }
  if (const auto resource = DetailOf<client::v1::ResourceInfo>(status)) {
    facts.resource = Resource{resource->resource_type(), resource->resource_name()};
  }
  if (const auto retry = DetailOf<client::v1::RetryInfo>(status)) {
    facts.retry_delay =
        std::chrono::seconds(retry->retry_delay().seconds()) + std::chrono::nanoseconds(retry->retry_delay().nanos());
  }
}

/// What a call failed with. `request` is the full name of the message that was asked with.
inline Error ErrorFromStatus(const grpc::Status& status, const std::string& request) {
  ErrorFacts facts;
  facts.code = status.error_code();
  facts.message = status.error_message();
  client::v1::Status details;
  if (details.ParseFromString(status.error_details())) ReadDetails(details, facts);
  if (facts.code == Code::UNIMPLEMENTED && facts.reason.empty()) {
    facts.message = "the server does not have the method that takes a " + request +
                    "; it may be older than this client, or serve other components (" + facts.message + ")";
  }
  return Error(std::move(facts));
}

}  // namespace toolcrib::internal
