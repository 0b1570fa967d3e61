// Several writes, of any components, as one commit: all of them or none.
//
//     toolcrib::Transaction transaction(crib);
//     auto recipe = RecipeWrites(transaction).Create(bracket);
//     ToolOffsetWrites(transaction).Delete(7);
//     transaction.Commit();
//     std::cout << recipe.value().id() << transaction.revision();
//
// The classes that gather writes are generated, one for each component.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "toolcrib/crib.h"
#include "toolcrib/transaction/v1/transaction.grpc.pb.h"

namespace toolcrib {

/// The answer to a write, once its transaction is committed. Copies are of the same answer.
template <typename Answer>
class Pending {
 public:
  /// The answer. Throws Error (FAILED_PRECONDITION) before the commit.
  const Answer& value() const {
    if (!*answer_) {
      internal::Throw(
          {Code::FAILED_PRECONDITION, "the transaction is not committed; its answers are there behind Commit"});
    }
    return **answer_;
  }
  /// Whether it is there.
  bool ready() const { return answer_->has_value(); }

 private:
  friend class Transaction;
  std::shared_ptr<std::optional<Answer>> answer_ = std::make_shared<std::optional<Answer>>();
};

/// Gathers writes, and sends them with Commit; what is never committed is never sent. For one thread at a time.
class Transaction {
 public:
  /// A transaction over this connection.
  explicit Transaction(Crib crib)
      : crib_(std::move(crib)), stub_(transaction::v1::TransactionService::NewStub(crib_.channel())) {}

  /// Carries out what was gathered. Throws Error, and then nothing was written.
  void Commit() { TryCommit().value(); }

  /// The same without exceptions. Tried again behind an error it has the same request_id, and is done once.
  Result<void> TryCommit() {
    if (request_.requests().empty() && request_.preconditions().empty()) return {};
    auto response = crib_.Write(*stub_, &transaction::v1::TransactionService::Stub::CommitTransaction, request_);
    if (!response) return response.error();
    revision_ = response.value().revision();
    for (int place = 0; place < response.value().responses_size() && place < request_.requests_size(); ++place) {
      receivers_[static_cast<std::size_t>(place)](response.value().responses(place).value());
    }
    return {};
  }

  /// The commit's revision once it is done; 0 if it changed nothing.
  std::int64_t revision() const { return revision_; }

  /// Fills in what else the transaction is to say: its request_id, or that it is only to be validated.
  void Configure(const Fill<transaction::v1::CommitTransactionRequest>& fill) { fill(request_); }

  /// Adds a request of a component's service, which answers an `Answer`.
  template <typename Answer, typename Request>
  Pending<Answer> Add(const Request& request) {
    const Pending<Answer> pending;
    request_.add_requests()->PackFrom(request);
    receivers_.emplace_back([answer = pending.answer_](const std::string& content) {
      answer->emplace();
      (*answer)->ParseFromString(content);
    });
    return pending;
  }

  /// Requires that there is the record that `request` gets, or that there is none.
  template <typename Request>
  void RequireExists(const Request& request, bool exists) {
    auto& condition = *request_.add_preconditions();
    condition.mutable_record()->PackFrom(request);
    condition.set_exists(exists);
  }

  /// Requires that the record that `request` gets has this etag.
  template <typename Request>
  void RequireEtag(const Request& request, const std::string& etag) {
    auto& condition = *request_.add_preconditions();
    condition.mutable_record()->PackFrom(request);
    condition.set_etag(etag);
  }

 private:
  Crib crib_;
  std::unique_ptr<transaction::v1::TransactionService::Stub> stub_;
  transaction::v1::CommitTransactionRequest request_;
  std::vector<std::function<void(const std::string&)>> receivers_;
  std::int64_t revision_ = 0;
};

}  // namespace toolcrib
