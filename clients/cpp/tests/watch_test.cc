// Watches: without gap and without repeat, and they stop cleanly.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fake_server.h"

namespace toolcrib::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

WatchToolOffsetsResponse CommitMessage(int revision, bool continues = false) {
  WatchToolOffsetsResponse message;
  message.set_kind(watch::v1::MESSAGE_KIND_COMMIT);
  message.set_revision(revision);
  message.set_continues(continues);
  if (!continues) message.set_resume_token("behind " + std::to_string(revision));
  message.mutable_commit()->set_revision(revision);
  message.mutable_commit()->set_actor("ann");
  auto& change = *message.add_changes();
  change.set_kind(watch::v1::CHANGE_KIND_UPDATED);
  change.mutable_record()->set_tool_number(revision);
  return message;
}

WatchToolOffsetsResponse SnapshotMessage(int tool_number, bool ends) {
  WatchToolOffsetsResponse message;
  message.set_kind(ends ? watch::v1::MESSAGE_KIND_SNAPSHOT_END : watch::v1::MESSAGE_KIND_SNAPSHOT);
  message.add_records()->set_tool_number(tool_number);
  if (ends) message.set_resume_token("behind the snapshot");
  return message;
}

void WaitUntilCancelled(const grpc::ServerContext& context) {
  while (!context.IsCancelled()) std::this_thread::sleep_for(milliseconds(5));
}

/// Serves one commit after another from where the request says, and ends the stream with `status` behind every second.
void ServeInPieces(FakeServer& server, std::vector<std::string>& begun, const grpc::Status& status, int last) {
  server.on_watch = [&begun, status, last](grpc::ServerContext& context, const auto& request, auto& writer) {
    begun.push_back(request.start().resume_token());
    int revision = begun.back().empty() ? 0 : std::stoi(begun.back().substr(7));
    for (int each = 0; each < 2 && revision < last; ++each) writer.Write(CommitMessage(++revision));
    if (revision < last) {
      // The beginning of a commit whose end is lost with the connection: it comes once more.
      writer.Write(CommitMessage(revision + 1, true));
      return status;
    }
    WaitUntilCancelled(context);
    return grpc::Status::OK;
  };
}

class Resumes : public ::testing::TestWithParam<grpc::Status> {};

TEST_P(Resumes, BehindTheLastCommitWithoutGapOrRepeat) {
  FakeServer server;
  std::vector<std::string> begun;
  ServeInPieces(server, begun, GetParam(), 6);
  auto watch = ToolOffsetClient(server.Connect()).Watch();
  for (int revision = 1; revision <= 6; ++revision) {
    const auto commit = watch.Next();
    if (!commit) FAIL() << "the watch has ended";
    EXPECT_EQ(commit->revision, revision);
    ASSERT_EQ(commit->changes.size(), 1U);
    EXPECT_EQ(commit->changes[0].record.tool_number(), revision);
  }
  EXPECT_EQ(begun, (std::vector<std::string>{"", "behind 2", "behind 4"}));
  // The sixth counts as given when the seventh is asked for.
  EXPECT_EQ(watch.resume_token(), "behind 5");
  watch.Close();
  EXPECT_FALSE(watch.Next().has_value());
  EXPECT_EQ(watch.resume_token(), "behind 6");
}

INSTANTIATE_TEST_SUITE_P(
    Watches,
    Resumes,
    ::testing::Values(
        grpc::Status(Code::UNAVAILABLE, "away"),
        grpc::Status(Code::CANCELLED, "let go"),
        grpc::Status::OK,
        Refusal(Code::RESOURCE_EXHAUSTED, "too slow", "WATCH_TOO_SLOW")));

TEST(Watches, ASnapshotThatIsLostBeginsAnew) {
  FakeServer server;
  std::atomic<int> calls{0};
  server.on_watch = [&](grpc::ServerContext& context, const auto& request, auto& writer) {
    EXPECT_TRUE(request.start().snapshot());
    writer.Write(SnapshotMessage(1, false));
    if (++calls == 1) return grpc::Status(Code::UNAVAILABLE, "away");
    writer.Write(SnapshotMessage(2, true));
    WaitUntilCancelled(context);
    return grpc::Status::OK;
  };
  auto watch = ToolOffsetClient(server.Connect()).Watch(WithSnapshot);
  EXPECT_EQ(watch.TryNext().error().code(), Code::FAILED_PRECONDITION);
  const auto records = watch.Snapshot();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].tool_number(), 1);
  EXPECT_EQ(records[1].tool_number(), 2);
  EXPECT_EQ(watch.resume_token(), "behind the snapshot");
  EXPECT_EQ(watch.TrySnapshot().error().code(), Code::FAILED_PRECONDITION);
}

TEST(Watches, WhatCannotGoOnIsAnErrorAndStaysOne) {
  FakeServer server;
  server.on_watch = [](grpc::ServerContext&, const auto&, auto&) {
    return Refusal(Code::OUT_OF_RANGE, "no longer kept", "REVISION_PRUNED");
  };
  auto watch = ToolOffsetClient(server.Connect()).Watch();
  EXPECT_EQ(watch.TryNext().error().reason(), "REVISION_PRUNED");
  EXPECT_EQ(watch.TryNext().error().reason(), "REVISION_PRUNED");
}

TEST(Watches, AServerThatSaysNothingIsAnErrorWithinTheTimeout) {
  FakeServer server;
  server.on_watch = [](grpc::ServerContext& context, const auto&, auto&) {
    WaitUntilCancelled(context);
    return grpc::Status::OK;
  };
  auto watch = ToolOffsetClient(server.Connect().WithTimeout(milliseconds(300))).Watch();
  EXPECT_EQ(watch.TryNext().error().code(), Code::DEADLINE_EXCEEDED);
}

TEST(Watches, OneThatWaitsIsEndedFromAnotherThreadAndByItsConnection) {
  for (const bool by_connection : {false, true}) {
    std::promise<void> begun;
    FakeServer server;
    server.on_watch = [&](grpc::ServerContext& context, const auto&, auto& writer) {
      writer.Write(WatchToolOffsetsResponse());
      begun.set_value();
      WaitUntilCancelled(context);
      return grpc::Status::OK;
    };
    const auto crib = server.Connect();
    auto watch = ToolOffsetClient(crib).Watch();
    auto waiting = std::async(std::launch::async, [&] { return watch.TryNext(); });
    begun.get_future().wait();
    if (by_connection) {
      crib.Close();
      EXPECT_EQ(waiting.get().error().code(), Code::CANCELLED);
    } else {
      watch.Close();
      EXPECT_FALSE(waiting.get().value().has_value());
    }
  }
}

/// Commits without end.
void ServeManyCommits(FakeServer& server) {
  server.on_watch = [](grpc::ServerContext& context, const auto&, auto& writer) {
    for (int revision = 1; !context.IsCancelled() && writer.Write(CommitMessage(revision)); ++revision) {
    }
    return grpc::Status::OK;
  };
}

TEST(AsyncWatches, HandTheSnapshotOverFirstAndThenEachCommit) {
  FakeServer server;
  server.on_watch = [](grpc::ServerContext& context, const auto&, auto& writer) {
    writer.Write(SnapshotMessage(1, true));
    writer.Write(CommitMessage(5));
    WaitUntilCancelled(context);
    return grpc::Status::OK;
  };
  std::promise<std::vector<std::string>> done;
  std::vector<std::string> said;
  WatchHandlers<ToolOffset> handlers;
  handlers.on_snapshot = [&](const std::vector<ToolOffset>& tools) {
    said.push_back("snapshot of " + std::to_string(tools.size()));
  };
  handlers.on_commit = [&](const Commit<ToolOffset>& commit) {
    said.push_back("commit " + std::to_string(commit.revision) + " by " + commit.actor);
    done.set_value(said);
  };
  const AsyncWatch<ToolOffset> watch(ToolOffsetClient(server.Connect()).Watch(WithSnapshot), handlers);
  EXPECT_EQ(done.get_future().get(), (std::vector<std::string>{"snapshot of 1", "commit 5 by ann"}));
}

TEST(AsyncWatches, NoHandlerRunsOnceStopHasReturned) {
  FakeServer server;
  ServeManyCommits(server);
  std::atomic<bool> stopped{false};
  std::atomic<int> late{0};
  std::promise<void> first;
  std::once_flag once;
  WatchHandlers<ToolOffset> handlers;
  handlers.on_commit = [&](const Commit<ToolOffset>&) {
    if (stopped) ++late;
    std::call_once(once, [&] { first.set_value(); });
  };
  AsyncWatch<ToolOffset> watch(ToolOffsetClient(server.Connect()).Watch(), handlers);
  first.get_future().wait();
  // From two threads at once.
  std::thread other([&] { watch.Stop(); });
  watch.Stop();
  stopped = true;
  other.join();
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(late, 0);
}

TEST(AsyncWatches, CanBeStoppedFromWithinAHandler) {
  FakeServer server;
  ServeManyCommits(server);
  std::promise<AsyncWatch<ToolOffset>*> made;
  auto self = made.get_future().share();
  std::promise<void> stopped;
  std::atomic<int> calls{0};
  WatchHandlers<ToolOffset> handlers;
  handlers.on_commit = [&](const Commit<ToolOffset>&) {
    ++calls;
    self.get()->Stop();
    stopped.set_value();
  };
  AsyncWatch<ToolOffset> watch(ToolOffsetClient(server.Connect()).Watch(), handlers);
  made.set_value(&watch);
  stopped.get_future().wait();
  watch.Stop();
  EXPECT_EQ(calls, 1);
}

TEST(AsyncWatches, CanBeDestroyedFromWithinAHandler) {
  FakeServer server;
  ServeManyCommits(server);
  std::promise<void> made;
  auto is_made = made.get_future().share();
  auto destroyed = std::make_shared<std::promise<void>>();
  std::unique_ptr<AsyncWatch<ToolOffset>> watch;
  WatchHandlers<ToolOffset> handlers;
  handlers.on_commit = [&, destroyed](const Commit<ToolOffset>&) {
    is_made.wait();
    watch.reset();
    destroyed->set_value();
  };
  watch = std::make_unique<AsyncWatch<ToolOffset>>(ToolOffsetClient(server.Connect()).Watch(), handlers);
  made.set_value();
  destroyed->get_future().wait();
  EXPECT_EQ(watch, nullptr);
}

TEST(AsyncWatches, SayWhyTheyCannotGoOn) {
  FakeServer server;
  server.on_watch = [](grpc::ServerContext&, const auto&, auto&) {
    return Refusal(Code::FAILED_PRECONDITION, "restored since", "HISTORY_CHANGED");
  };
  std::promise<std::string> reason;
  WatchHandlers<ToolOffset> handlers;
  handlers.on_error = [&](const Error& error) { reason.set_value(error.reason()); };
  const AsyncWatch<ToolOffset> watch(ToolOffsetClient(server.Connect()).Watch(), handlers);
  EXPECT_EQ(reason.get_future().get(), "HISTORY_CHANGED");
}

}  // namespace
}  // namespace toolcrib::testing
