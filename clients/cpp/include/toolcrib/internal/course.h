// How far a watch has come and what it is sent, without the waiting.
#pragma once

#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "toolcrib/commit.h"
#include "toolcrib/internal/patience.h"
#include "toolcrib/result.h"

namespace toolcrib::internal {

/// When a watch goes on behind an error, and how far it has come.
class Resuming {
 public:
  explicit Resuming(std::optional<Duration> timeout) : patience_(timeout) {}

  /// Something came: the server is there.
  void Received() {
    was_begun_ = true;
    patience_ = Patience(std::nullopt);
  }

  /// How long to wait for the first message; once something came a watch waits without end.
  std::optional<Duration> UntilFirst() const { return patience_.Remaining(); }

  /// How long to wait before going on behind `error`; the error itself where that makes no sense.
  Result<Duration> Pause(const Error& error) {
    if (error.code() == Code::RESOURCE_EXHAUSTED && error.reason() == "WATCH_TOO_SLOW") return Duration::zero();
    // A server that stops lets its calls go.
    const bool let_go = was_begun_ && error.code() == Code::CANCELLED;
    if (error.code() != Code::UNAVAILABLE && !let_go) return error;
    if (const auto pause = patience_.Pause(error)) return *pause;
    if (!was_begun_) return error;
    return Duration(kPauseMax);
  }

 private:
  // Once it was begun, a watch waits for its server without end; this pause comes again and again.
  static constexpr std::chrono::seconds kPauseMax{2};

  bool was_begun_ = false;
  Patience patience_;
};

/// What was received of a watch of `Record`, from messages of type `Response`.
template <typename Record, typename Request, typename Response>
class Course {
 public:
  explicit Course(Request request) : request_(std::move(request)) {
    awaits_snapshot_ = request_.start().snapshot();
    resume_token_ = request_.start().resume_token();
  }

  /// The last commit that was answered was given in whole: the next is asked for.
  void Given() {
    if (given_token_.empty()) return;
    resume_token_ = std::exchange(given_token_, std::string());
    revision_ = given_revision_;
  }

  /// What to ask now: to begin, or to go on.
  const Request& Ask() {
    // What was received of a snapshot, or of a commit, that did not come to its end comes once more.
    records_.clear();
    commit_.reset();
    if (!resume_token_.empty()) request_.mutable_start()->set_resume_token(resume_token_);
    return request_;
  }

  /// Whether a snapshot is still to come.
  bool awaits_snapshot() const { return awaits_snapshot_; }
  /// Behind what was given in whole.
  const std::string& resume_token() const { return resume_token_; }
  /// All up to this revision was given.
  std::int64_t revision() const { return revision_; }

  /// Takes a message of the snapshot; answers all records at its end.
  std::optional<std::vector<Record>> TakeRecords(Response& message) {
    auto& found = *message.mutable_records();
    records_.insert(records_.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    if (message.kind() != watch::v1::MESSAGE_KIND_SNAPSHOT_END) return std::nullopt;
    awaits_snapshot_ = false;
    Take(message);
    return std::move(records_);
  }

  /// Takes a message; answers the commit that it completes.
  std::optional<Commit<Record>> Take(Response& message) {
    std::optional<Commit<Record>> complete;
    if (message.kind() == watch::v1::MESSAGE_KIND_COMMIT) {
      if (!commit_) commit_ = CommitOf<Record>(message.commit());
      for (auto& change : *message.mutable_changes()) commit_->changes.push_back(ChangeOf<Record>(change));
      if (!message.continues()) complete = std::exchange(commit_, std::nullopt);
    }
    // Empty where the commit continues: a watch that is lost then goes on before it.
    given_token_ = std::move(*message.mutable_resume_token());
    given_revision_ = message.revision();
    if (!complete) Given();
    return complete;
  }

 private:
  Request request_;
  bool awaits_snapshot_ = false;
  std::vector<Record> records_;
  std::optional<Commit<Record>> commit_;
  std::string given_token_;
  std::int64_t given_revision_ = 0;
  std::string resume_token_;
  std::int64_t revision_ = 0;
};

}  // namespace toolcrib::internal
