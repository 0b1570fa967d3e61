// Calls: what goes with them, when they are tried again, and what they fail with.
#include <gtest/gtest.h>

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "fake_server.h"

namespace toolcrib::testing {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

grpc::Status Away() { return {Code::UNAVAILABLE, "away"}; }

TEST(Calls, SayWhoCallsForWhomAndWhy) {
  FakeServer server;
  Received received;
  server.on_get = [&](const Received& metadata, const GetToolOffsetRequest&, ToolOffset&) {
    received = metadata;
    return grpc::Status::OK;
  };
  const auto crib = server.Connect().AsActor("ann").AsTenant("hall 7").WithReason("größer");
  ToolOffsetClient(crib).Get(7);
  EXPECT_EQ(received.find("x-actor")->second, "ann");
  EXPECT_EQ(received.find("x-tenant")->second, "hall 7");
  EXPECT_EQ(received.count("x-change-reason"), 0U);
  EXPECT_EQ(received.find("x-change-reason-bin")->second, "größer");
}

TEST(Calls, TextThatHeadersWouldChangeGoesAsBinary) {
  FakeServer server;
  Received received;
  server.on_get = [&](const Received& metadata, const GetToolOffsetRequest&, ToolOffset&) {
    received = metadata;
    return grpc::Status::OK;
  };
  ToolOffsetClient(server.Connect().AsActor(" ann").WithReason("a\tb")).Get(7);
  EXPECT_EQ(received.find("x-actor-bin")->second, " ann");
  EXPECT_EQ(received.find("x-change-reason-bin")->second, "a\tb");
}

TEST(Calls, ReadsAreTriedAgainWhileTheServerIsAway) {
  FakeServer server;
  std::atomic<int> calls{0};
  server.on_get = [&](const Received&, const GetToolOffsetRequest& request, ToolOffset& tool) {
    if (++calls < 3) return Away();
    tool.set_tool_number(request.tool_number());
    return grpc::Status::OK;
  };
  EXPECT_EQ(ToolOffsetClient(server.Connect()).Get(7).tool_number(), 7);
  EXPECT_EQ(calls, 3);
}

TEST(Calls, WritesAreTriedAgainUnderOneRequestId) {
  FakeServer server;
  std::vector<std::string> ids;
  server.on_create = [&](const CreateToolOffsetRequest& request, ToolOffset&) {
    ids.push_back(request.request_id());
    return ids.size() < 3 ? Away() : grpc::Status::OK;
  };
  ToolOffsetClient(server.Connect()).Create(ToolOffset());
  ASSERT_EQ(ids.size(), 3U);
  EXPECT_EQ(ids[0].size(), 36U);
  EXPECT_EQ(ids[0][14], '7');
  EXPECT_NE(std::string("89ab").find(ids[0][19]), std::string::npos);
  EXPECT_EQ(ids[1], ids[0]);
  EXPECT_EQ(ids[2], ids[0]);
}

TEST(Calls, WritesAreTriedOnceWhereTheyMustNotBeRepeated) {
  FakeServer server;
  std::vector<std::string> ids;
  server.on_create = [&](const CreateToolOffsetRequest& request, ToolOffset&) {
    ids.push_back(request.request_id());
    return Away();
  };
  const auto answer = ToolOffsetClient(server.Connect().WithRetryWrites(false)).TryCreate(ToolOffset());
  EXPECT_EQ(answer.error().code(), Code::UNAVAILABLE);
  EXPECT_EQ(ids, std::vector<std::string>{""});
}

TEST(Calls, TheServerSaysHowLongToWait) {
  FakeServer server;
  std::vector<steady_clock::time_point> times;
  server.on_get = [&](const Received&, const GetToolOffsetRequest&, ToolOffset&) {
    times.push_back(steady_clock::now());
    return times.size() < 2 ? AwayFor(milliseconds(400)) : grpc::Status::OK;
  };
  ToolOffsetClient(server.Connect()).Get(7);
  ASSERT_EQ(times.size(), 2U);
  EXPECT_GE(times[1] - times[0], milliseconds(400));
}

// Holds up the thread that gets the signal, as a busy machine does.
void HoldUp(int /*signal*/) {
  timespec left{0, 500000000};
  while (nanosleep(&left, &left) != 0) {
  }
}

TEST(Calls, BehindAPauseThatTookTooLongTheLastTryIsWhatIsTold) {
  FakeServer server;
  std::atomic<int> calls{0};
  server.on_get = [&](const Received&, const GetToolOffsetRequest&, ToolOffset&) {
    ++calls;
    return AwayFor(milliseconds(600));
  };
  ASSERT_NE(std::signal(SIGUSR1, HoldUp), SIG_ERR);
  std::thread busy([&, caller = pthread_self()] {
    // It is in its pause then, from which it would be back in time.
    std::this_thread::sleep_for(milliseconds(400));
    pthread_kill(caller, SIGUSR1);
  });
  const auto answer = ToolOffsetClient(server.Connect().WithTimeout(milliseconds(800))).TryGet(7);
  busy.join();
  std::signal(SIGUSR1, SIG_DFL);
  EXPECT_EQ(answer.error().code(), Code::UNAVAILABLE);
  EXPECT_EQ(calls, 1);
}

TEST(Calls, ARetryHasTheTimeToBeAnswered) {
  int allowed = 0;
  for (int i = 0; i < 100; ++i) {
    // It is of 80 to 120 ms.
    const auto pause = internal::Patience(milliseconds(110)).Pause(Error(Code::UNAVAILABLE, "away"));
    if (!pause) continue;
    ++allowed;
    EXPECT_LE(*pause, milliseconds(90));
  }
  EXPECT_GT(allowed, 0);
}

TEST(Calls, AnOwnRequestIdIsKeptAndADryRunHasNone) {
  FakeServer server;
  std::vector<std::string> ids;
  server.on_create = [&](const CreateToolOffsetRequest& request, ToolOffset&) {
    ids.push_back(request.request_id());
    return grpc::Status::OK;
  };
  const ToolOffsetClient tools(server.Connect());
  tools.Create(ToolOffset(), [](CreateToolOffsetRequest& request) { request.set_request_id("own"); });
  tools.Create(ToolOffset(), [](CreateToolOffsetRequest& request) { request.set_validate_only(true); });
  EXPECT_EQ(ids, (std::vector<std::string>{"own", ""}));
}

TEST(Calls, OtherRefusalsAreNotTriedAgainAndSayWhatTheServerSaid) {
  FakeServer server;
  std::atomic<int> calls{0};
  server.on_get = [&](const Received&, const GetToolOffsetRequest&, ToolOffset&) {
    ++calls;
    return Refusal(Code::INVALID_ARGUMENT, "the record breaks its rules", "INVALID_RECORD");
  };
  try {
    ToolOffsetClient(server.Connect()).Get(7);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::INVALID_ARGUMENT);
    EXPECT_EQ(error.reason(), "INVALID_RECORD");
    EXPECT_EQ(error.metadata().at("field"), "name");
    ASSERT_EQ(error.violations().size(), 1U);
    EXPECT_EQ(error.violations()[0].field, "tool_offset.pocket");
    EXPECT_EQ(error.violations()[0].reason, "int32.gte");
    EXPECT_STREQ(error.what(), "the record breaks its rules (INVALID_ARGUMENT, INVALID_RECORD)");
  }
  EXPECT_EQ(calls, 1);
}

TEST(Calls, AnOlderServerIsSaidToBeOne) {
  const FakeServer server;
  const auto answer = ToolOffsetClient(server.Connect()).TryGet(7);
  EXPECT_EQ(answer.error().code(), Code::UNIMPLEMENTED);
  EXPECT_NE(answer.error().message().find("may be older than this client"), std::string::npos);
}

TEST(Calls, NobodyAtTheAddressIsOneErrorWithinTheTimeout) {
  const auto begin = steady_clock::now();
  const auto crib = Crib::Connect("127.0.0.1:1").WithTimeout(milliseconds(500));
  EXPECT_EQ(ToolOffsetClient(crib).TryGet(7).error().code(), Code::UNAVAILABLE);
  EXPECT_EQ(crib.TryWaitReady(milliseconds(300)).error().code(), Code::UNAVAILABLE);
  EXPECT_LT(steady_clock::now() - begin, seconds(5));
}

TEST(Calls, ACallWhoseTimeIsOverIsNotSent) {
  const FakeServer server;
  const auto answer = ToolOffsetClient(server.Connect().WithTimeout(microseconds(1))).TryGet(7);
  // The server would have said that it has no such method.
  EXPECT_EQ(answer.error().code(), Code::DEADLINE_EXCEEDED);
}

TEST(Calls, SettingsThatCannotBeAreRefusedAtOnce) {
  ConnectOptions options;
  options.settings.timeout = seconds(0);
  EXPECT_EQ(Crib::TryConnect("127.0.0.1:1", options).error().code(), Code::INVALID_ARGUMENT);
  EXPECT_THROW(Crib::Connect("127.0.0.1:1").WithTimeout(seconds(-1)), Error);
  options = {};
  options.tls = Tls{"/there/is/none.pem", "", "", ""};
  const auto missing = Crib::TryConnect("127.0.0.1:1", options);
  EXPECT_NE(missing.error().message().find("/there/is/none.pem"), std::string::npos);
  options.tls = Tls{"", "-----BEGIN CERTIFICATE-----", "", ""};
  EXPECT_NE(Crib::TryConnect("127.0.0.1:1", options).error().message().find("give both"), std::string::npos);
}

TEST(Calls, ClosingEndsACallThatWaitsAndRefusesOthers) {
  std::promise<void> called;
  std::promise<void> over;
  const auto is_over = over.get_future().share();
  FakeServer server;
  server.on_get = [&called, is_over](const Received&, const GetToolOffsetRequest&, ToolOffset&) {
    called.set_value();
    is_over.wait();
    return grpc::Status::OK;
  };
  const auto crib = server.Connect().WithTimeout(std::nullopt);
  const ToolOffsetClient tools(crib.AsActor("ann"));
  auto waiting = std::async(std::launch::async, [&] { return tools.TryGet(7); });
  called.get_future().wait();
  crib.Close();
  EXPECT_EQ(waiting.get().error().code(), Code::CANCELLED);
  EXPECT_EQ(tools.TryGet(7).error().code(), Code::CANCELLED);
  over.set_value();
}

TEST(Calls, ADetachedViewIsClosedByItselfOrWithTheOther) {
  FakeServer server;
  server.on_get = [](const Received&, const GetToolOffsetRequest&, ToolOffset&) { return grpc::Status::OK; };
  const auto crib = server.Connect();
  const auto first = crib.Detached();
  const auto second = crib.Detached();
  first.Close();
  EXPECT_FALSE(ToolOffsetClient(first).TryGet(7).ok());
  EXPECT_TRUE(ToolOffsetClient(crib).TryGet(7).ok());
  crib.Close();
  EXPECT_FALSE(ToolOffsetClient(second).TryGet(7).ok());
}

TEST(Lists, AskForPageAfterPageAsTheyAreNeeded) {
  FakeServer server;
  std::vector<std::string> tokens;
  server.on_list = [&](const ListToolOffsetsRequest& request, ListToolOffsetsResponse& page) {
    tokens.push_back(request.page_token());
    for (int each = 0; each < 2; ++each) {
      page.add_tool_offsets()->set_tool_number(static_cast<int>(tokens.size()) * 10 + each);
    }
    if (tokens.size() < 3) page.set_next_page_token("page " + std::to_string(tokens.size()));
    return grpc::Status::OK;
  };
  const ToolOffsetClient tools(server.Connect());
  auto pages = tools.List();
  EXPECT_TRUE(tokens.empty());
  const auto first = pages.Next();
  if (!first) FAIL() << "there is no record";
  EXPECT_EQ(first->tool_number(), 10);
  EXPECT_EQ(tokens.size(), 1U);
  std::vector<int> rest;
  for (const ToolOffset& tool : pages) rest.push_back(tool.tool_number());
  EXPECT_EQ(rest, (std::vector<int>{11, 20, 21, 30, 31}));
  EXPECT_EQ(tokens, (std::vector<std::string>{"", "page 1", "page 2"}));
  EXPECT_FALSE(pages.Next().has_value());
}

TEST(Lists, GoOnWithTheSamePageBehindAnError) {
  FakeServer server;
  int calls = 0;
  server.on_list = [&](const ListToolOffsetsRequest& request, ListToolOffsetsResponse& page) {
    if (++calls == 2) return grpc::Status(Code::RESOURCE_EXHAUSTED, "too much");
    page.add_tool_offsets();
    if (request.page_token().empty()) page.set_next_page_token("next");
    return grpc::Status::OK;
  };
  auto pages = ToolOffsetClient(server.Connect()).List();
  EXPECT_TRUE(pages.TryNext().value().has_value());
  EXPECT_EQ(pages.TryNext().error().code(), Code::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(pages.TryNext().value().has_value());
  EXPECT_FALSE(pages.TryNext().value().has_value());
}

TEST(Transactions, AnswersAreThereBehindTheCommitOnly) {
  const FakeServer server;
  Transaction transaction(server.Connect());
  const auto pending = plant::tools::v1::ToolOffsetWrites(transaction).Create(ToolOffset());
  EXPECT_FALSE(pending.ready());
  EXPECT_THROW(pending.value(), Error);
  EXPECT_EQ(transaction.TryCommit().error().code(), Code::UNIMPLEMENTED);
  EXPECT_FALSE(pending.ready());
  Transaction empty(server.Connect());
  empty.Commit();
  EXPECT_EQ(empty.revision(), 0);
}

}  // namespace
}  // namespace toolcrib::testing
