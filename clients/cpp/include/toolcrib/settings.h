// Who calls, why, how long an answer may take, and how the connection is made.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "toolcrib/error.h"

namespace toolcrib {

/// What goes with each call.
struct CallSettings {
  /// In whose name calls are made; empty leaves it to the certificate or the server's settings.
  std::string actor;
  /// Whose records calls are about, where each is a tenant's own; empty leaves it to the certificate.
  std::string tenant;
  /// Why changes are made; it stands in their audit entries.
  std::string reason;
  /// How long a call may take, its retries included; nothing is without end.
  std::optional<Duration> timeout = std::chrono::seconds(10);
  /// Whether a write that lost its connection is tried again under the same id, so that it is done once. Without, it is
  /// tried once and may have been done though it failed.
  bool retry_writes = true;
};

/// TLS to the server; with a certificate and its key, mutual TLS, where the certificate's name is the actor.
///
/// Each is a PEM file's path, or the PEM text itself. Without `root_certificates` those that gRPC finds are trusted,
/// which will not know a plant's own authority. `server_name` is the name in the server's certificate where it is not
/// the one in the address.
struct Tls {
  std::string root_certificates;
  std::string certificate;
  std::string key;
  std::string server_name;
};

/// How to connect. Without `tls` nothing is encrypted.
struct ConnectOptions {
  CallSettings settings;
  std::optional<Tls> tls;
};

}  // namespace toolcrib
