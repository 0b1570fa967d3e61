// The commands that are about one component, as a user of its client would write them.
#pragma once

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "json.h"
#include "toolcrib/toolcrib.h"

namespace driver {

/// A watch, whatever its records are.
class AnyWatch {
 public:
  AnyWatch() = default;
  AnyWatch(const AnyWatch&) = delete;
  AnyWatch& operator=(const AnyWatch&) = delete;
  virtual ~AnyWatch() = default;
  virtual std::string Snapshot() = 0;
  virtual std::string Next() = 0;
  virtual std::string ResumeToken() = 0;
  virtual void Close() = 0;
};

template <typename Record>
class TypedWatch final : public AnyWatch {
 public:
  explicit TypedWatch(toolcrib::Watch<Record> watch) : watch_(std::move(watch)) {}

  std::string Snapshot() override { return AnswerOf(watch_.Snapshot()); }

  std::string Next() override {
    const auto commit = watch_.Next();
    if (!commit) return "null";
    const auto changes = ListOf(commit->changes, [](const toolcrib::Change<Record>& change) {
      return R"({"kind":")" + KindName(change.kind) + R"(","record":)" + ToJson(change.record) + R"(,"previous":)" +
             (change.previous ? ToJson(*change.previous) : "null") + "}";
    });
    return R"({"revision":)" + std::to_string(commit->revision) + R"(,"actor":)" + Quoted(commit->actor) +
           R"(,"reason":)" + Quoted(commit->reason) + R"(,"changes":)" + changes + "}";
  }

  std::string ResumeToken() override { return Quoted(watch_.resume_token()); }
  void Close() override { watch_.Close(); }

 private:
  static std::string KindName(toolcrib::ChangeKind kind) {
    std::string name = toolcrib::watch::v1::ChangeKind_Name(kind).substr(std::string("CHANGE_KIND_").size());
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char each) { return std::tolower(each); });
    return name;
  }

  toolcrib::Watch<Record> watch_;
};

/// Sets what a request says beside what the method was given.
template <typename Request>
toolcrib::Fill<Request> Rest(Request rest) {
  return [rest = std::move(rest)](Request& request) { request.MergeFrom(rest); };
}

/// Gathers a write; answers how its answer is had once it is done.
using Gathered = std::function<std::string()>;

/// Carries out what is asked of a component. `Of` says what its types are called.
template <typename Of>
class Component {
 public:
  using Client = typename Of::Client;
  using Record = typename Client::Record;

  static std::string Call(
      const toolcrib::Crib& crib, const std::string& method, const Struct& content, std::optional<int> limit) {
    const Client client(crib);
    if (method == "list") return AllOf(client.List(Rest(Parse<typename Of::ListRequest>(content))), limit);
    if (method == "list_page") return AnswerOf(client.ListPage(Rest(Parse<typename Of::ListRequest>(content))));
    if (method == "count") return AnswerOf(client.Count(Rest(Parse<typename Of::CountRequest>(content))));
    if (method == "explain") return AnswerOf(client.Explain(Rest(Parse<typename Of::ExplainRequest>(content))));
    if (method.rfind("batch_", 0) == 0) return Batch(client, method, content);
    if (method == "revisions" || method == "diff" || method == "diffs") return History(client, method, content, limit);
    return One(client, method, content);
  }

  static std::unique_ptr<AnyWatch> Watch(const toolcrib::Crib& crib, const Struct& content) {
    return std::make_unique<TypedWatch<Record>>(Client(crib).Watch(Rest(Parse<typename Of::WatchRequest>(content))));
  }

  static Gathered Gather(toolcrib::Transaction& transaction, const std::string& method, const Struct& content) {
    const typename Of::Writes writes(transaction);
    if (method == "create") {
      auto [record, rest] = RecordOf<typename Of::CreateRequest>(content);
      return Answered(writes.Create(record, Rest(rest)));
    }
    if (method == "update") {
      auto [record, rest] = RecordOf<typename Of::UpdateRequest>(content);
      return Answered(writes.Update(record, Rest(rest)));
    }
    if (method == "delete") {
      auto [key, rest] = KeyOf<typename Of::DeleteRequest>(content);
      return Answered(writes.Delete(key, Rest(rest)));
    }
    if constexpr (Of::kSoftDelete) {
      if (method == "undelete") {
        auto [key, rest] = KeyOf<typename Of::UndeleteRequest>(content);
        return Answered(writes.Undelete(key, Rest(rest)));
      }
    }
    if (method != "rollback") throw Unknown(method);
    auto [key, rest] = KeyOf<typename Of::RollbackRequest>(content);
    const auto revision = rest.revision();
    rest.clear_revision();
    return Answered(writes.Rollback(key, revision, Rest(rest)));
  }

  static void Require(
      toolcrib::Transaction& transaction,
      const Struct& content,
      std::optional<bool> exists,
      const std::optional<std::string>& etag) {
    const typename Of::Writes writes(transaction);
    auto [key, rest] = KeyOf<typename Of::GetRequest>(content);
    if (exists) writes.RequireExists(key, *exists, Rest(rest));
    if (etag) writes.RequireEtag(key, *etag, Rest(rest));
  }

 private:
  static std::string One(const Client& client, const std::string& method, const Struct& content) {
    if (method == "create") {
      auto [record, rest] = RecordOf<typename Of::CreateRequest>(content);
      return AnswerOf(client.Create(record, Rest(rest)));
    }
    if (method == "get") {
      auto [key, rest] = KeyOf<typename Of::GetRequest>(content);
      return AnswerOf(client.Get(key, Rest(rest)));
    }
    if (method == "update") {
      auto [record, rest] = RecordOf<typename Of::UpdateRequest>(content);
      return AnswerOf(client.Update(record, Rest(rest)));
    }
    if (method == "rollback") {
      auto [key, rest] = KeyOf<typename Of::RollbackRequest>(content);
      const auto revision = rest.revision();
      rest.clear_revision();
      return AnswerOf(client.Rollback(key, revision, Rest(rest)));
    }
    if (method == "delete") {
      auto [key, rest] = KeyOf<typename Of::DeleteRequest>(content);
      if constexpr (Of::kSoftDelete) {
        return AnswerOf(client.Delete(key, Rest(rest)));
      } else {
        client.Delete(key, Rest(rest));
        return "null";
      }
    }
    if constexpr (Of::kSoftDelete) {
      if (method == "undelete") {
        auto [key, rest] = KeyOf<typename Of::UndeleteRequest>(content);
        return AnswerOf(client.Undelete(key, Rest(rest)));
      }
    }
    throw Unknown(method);
  }

  static std::string History(
      const Client& client, const std::string& method, const Struct& content, std::optional<int> limit) {
    if (method == "revisions") {
      auto [key, rest] = KeyOf<typename Of::RevisionsRequest>(content);
      return AllOf(client.Revisions(key, Rest(rest)), limit);
    }
    if (method == "diff") {
      auto [key, rest] = KeyOf<typename Of::DiffRequest>(content);
      const auto start = rest.start_revision();
      rest.clear_start_revision();
      return AnswerOf(client.Diff(key, start, Rest(rest)));
    }
    auto rest = Parse<typename Of::DiffsRequest>(content);
    const auto start = rest.start_revision();
    rest.clear_start_revision();
    return AllOf(client.Diffs(start, Rest(rest)), limit);
  }

  static std::string Batch(const Client& client, const std::string& method, const Struct& content) {
    if (method == "batch_create") {
      std::vector<Record> records;
      const auto rest =
          Items<typename Of::BatchCreateRequest>(content, [&](auto& item) { records.push_back(Of::TakeRecord(item)); });
      return AnswerOf(client.BatchCreate(records, rest));
    }
    if (method == "batch_update") {
      std::vector<toolcrib::Masked<Record>> changes;
      const auto rest = Items<typename Of::BatchUpdateRequest>(content, [&](auto& item) {
        changes.emplace_back(Of::TakeRecord(item));
        if (!item.has_update_mask()) return;
        const auto& paths = item.update_mask().paths();
        changes.back().mask = toolcrib::UpdateMask(std::vector<std::string>(paths.begin(), paths.end()));
        item.clear_update_mask();
      });
      return AnswerOf(client.BatchUpdate(changes, rest));
    }
    std::vector<typename Of::Key> keys;
    const auto take = [&](auto& item) { keys.push_back(Of::TakeKey(item)); };
    if (method == "batch_get") {
      const auto rest = Items<typename Of::BatchGetRequest>(content, take);
      if constexpr (Of::kSoftDelete) {
        return AnswerOf(client.BatchGet(keys, rest));
      } else {
        return AnswerOf(client.BatchGet(keys));
      }
    }
    if (method != "batch_delete") throw Unknown(method);
    const auto rest = Items<typename Of::BatchDeleteRequest>(content, take);
    if constexpr (Of::kSoftDelete) {
      return AnswerOf(client.BatchDelete(keys, rest));
    } else {
      client.BatchDelete(keys, rest);
      return "null";
    }
  }

  // Takes each item apart; answers what else the batch and its items say.
  template <typename Request, typename Take>
  static toolcrib::Fill<Request> Items(const Struct& content, const Take& take) {
    auto rest = Parse<Request>(content);
    for (auto& item : *rest.mutable_requests()) take(item);
    return [rest](Request& request) {
      for (int place = 0; place < rest.requests_size(); ++place) {
        request.mutable_requests(place)->MergeFrom(rest.requests(place));
      }
      auto others = rest;
      others.clear_requests();
      request.MergeFrom(others);
    };
  }

  template <typename Request>
  static std::pair<Record, Request> RecordOf(const Struct& content) {
    auto rest = Parse<Request>(content);
    auto record = Of::TakeRecord(rest);
    return {std::move(record), std::move(rest)};
  }

  template <typename Request>
  static std::pair<typename Of::Key, Request> KeyOf(const Struct& content) {
    auto rest = Parse<Request>(content);
    auto key = Of::TakeKey(rest);
    return {std::move(key), std::move(rest)};
  }

  template <typename Item>
  static std::string AllOf(toolcrib::Pages<Item> pages, std::optional<int> limit) {
    std::vector<Item> items;
    while (!limit || static_cast<int>(items.size()) < *limit) {
      auto item = pages.Next();
      if (!item) break;
      items.push_back(*std::move(item));
    }
    return AnswerOf(items);
  }

  template <typename Answer>
  static Gathered Answered(toolcrib::Pending<Answer> pending) {
    return [pending = std::move(pending)] { return AnswerOf(pending.value()); };
  }

  static toolcrib::Error Unknown(const std::string& method) {
    return {toolcrib::Code::INVALID_ARGUMENT, "there is no method " + method};
  }
};

}  // namespace driver
