// What a watch tells of.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "toolcrib/audit/v1/audit.pb.h"
#include "toolcrib/watch/v1/watch.pb.h"

namespace toolcrib {

/// What became of a record: `watch::v1::CHANGE_KIND_CREATED` and its kin.
using watch::v1::ChangeKind;

/// What became of a record: `record` as it is now, or last was where it is gone; `previous` as it was before, where
/// that was asked for. A watch over several components has packed records, their `component`, and their keys as text.
template <typename Record>
struct Change {
  ChangeKind kind = watch::v1::CHANGE_KIND_UNSPECIFIED;
  Record record;
  std::optional<Record> previous;
  std::string component;
  std::string record_key;
};

/// A commit: its revision, when it was made, by whom, why, by which call, and its changes in their order.
template <typename Record>
struct Commit {
  std::int64_t revision = 0;
  std::chrono::system_clock::time_point time;
  std::string actor;
  audit::v1::ActorSource actor_source = {};
  std::string reason;
  std::string method;
  std::vector<Change<Record>> changes;
};

namespace internal {

template <typename Record>
Commit<Record> CommitOf(const watch::v1::Commit& message) {
  const auto& at = message.commit_time();
  const auto since = std::chrono::seconds(at.seconds()) + std::chrono::nanoseconds(at.nanos());
  Commit<Record> commit;
  commit.revision = message.revision();
  commit.time += std::chrono::duration_cast<std::chrono::system_clock::duration>(since);
  commit.actor = message.actor();
  commit.actor_source = message.actor_source();
  commit.reason = message.reason();
  commit.method = message.method();
  return commit;
}

template <typename Record, typename Message>
Change<Record> ChangeOf(Message& message) {
  Change<Record> change;
  change.kind = message.kind();
  change.record = std::move(*message.mutable_record());
  if (message.has_previous()) change.previous = std::move(*message.mutable_previous());
  if constexpr (std::is_same_v<Message, watch::v1::Change>) {
    change.component = std::move(*message.mutable_component());
    change.record_key = std::move(*message.mutable_record_key());
  }
  return change;
}

}  // namespace internal
}  // namespace toolcrib
