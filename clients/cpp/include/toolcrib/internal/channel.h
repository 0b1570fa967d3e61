// How the connection is made: certificates, and the settings of gRPC's channel.
#pragma once

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

#include "toolcrib/result.h"
#include "toolcrib/settings.h"

namespace toolcrib::internal {

inline grpc::ChannelArguments ChannelArguments(const std::optional<Tls>& tls) {
  grpc::ChannelArguments arguments;
  // A page of a thousand records may be larger than the 4 MiB that gRPC takes by default.
  arguments.SetMaxReceiveMessageSize(64 * 1024 * 1024);
  // A server that restarts is found again at once; gRPC's own pauses grow to two minutes.
  arguments.SetInt("grpc.initial_reconnect_backoff_ms", 100);
  arguments.SetInt("grpc.max_reconnect_backoff_ms", 2000);
  // A connection that is lost without a word, its cable pulled, is noticed also by who only waits.
  arguments.SetInt("grpc.keepalive_time_ms", 20'000);
  arguments.SetInt("grpc.keepalive_timeout_ms", 10'000);
  // The server is a machine of the plant; a proxy set for web browsing does not lead there.
  arguments.SetInt("grpc.enable_http_proxy", 0);
  // Two Cribs are two connections; gRPC would have them share one.
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  if (tls && !tls->server_name.empty()) arguments.SetSslTargetNameOverride(tls->server_name);
  return arguments;
}

/// The PEM text that is given, or in the file that is named.
inline Result<std::string> Pem(const std::string& source) {
  if (source.empty() || source.find("-----BEGIN") != std::string::npos) return source;
  std::ifstream file(source, std::ios::binary);
  std::ostringstream content;
  if (file) content << file.rdbuf();
  if (!file) {
    const std::string why = std::generic_category().message(errno);
    return Error(Code::INVALID_ARGUMENT, "cannot read " + source + ": " + why);
  }
  if (content.str().find("-----BEGIN") == std::string::npos) {
    return Error(Code::INVALID_ARGUMENT, source + " holds nothing in the form of PEM");
  }
  return content.str();
}

inline Result<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const std::optional<Tls>& tls) {
  if (!tls) return grpc::InsecureChannelCredentials();
  if (tls->certificate.empty() != tls->key.empty()) {
    return Error(
        Code::INVALID_ARGUMENT, "a client certificate needs its key, and a key its certificate: give both or neither");
  }
  const Result<std::string> roots = Pem(tls->root_certificates);
  const Result<std::string> certificate = Pem(tls->certificate);
  const Result<std::string> key = Pem(tls->key);
  for (const auto* pem : {&roots, &certificate, &key}) {
    if (!pem->ok()) return pem->error();
  }
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = roots.value();
  options.pem_cert_chain = certificate.value();
  options.pem_private_key = key.value();
  return grpc::SslCredentials(options);
}

}  // namespace toolcrib::internal
