// Lists that ask for page after page, as they are needed.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "toolcrib/crib.h"

namespace toolcrib {

/// A list of items. Nothing is asked before the first is.
///
///     for (const Recipe& recipe : recipes.List()) ...        // throws Error
///     while (auto next = pages.TryNext(); next && next.value()) ...
template <typename Item>
class Pages {
 public:
  /// Asks for the page of a token, empty for the first; answers the token of the next, empty where there is none.
  using Fetch = std::function<Result<std::string>(const std::string& token, std::vector<Item>& items)>;

  /// A list whose pages `fetch` gets.
  explicit Pages(Fetch fetch) : fetch_(std::move(fetch)) {}

  /// The next item; nothing behind the last. Behind an error the same page is asked for again.
  Result<std::optional<Item>> TryNext() {
    while (place_ == items_.size()) {
      if (begun_ && token_.empty()) return std::optional<Item>();
      items_.clear();
      place_ = 0;
      auto token = fetch_(token_, items_);
      if (!token) return token.error();
      token_ = std::move(token).value();
      begun_ = true;
    }
    return std::optional<Item>(std::move(items_[place_++]));
  }

  /// The same with exceptions.
  std::optional<Item> Next() { return TryNext().value(); }

  /// All that are left.
  Result<std::vector<Item>> TryAll() {
    std::vector<Item> all;
    while (true) {
      auto next = TryNext();
      if (!next) return next.error();
      if (!next.value()) return all;
      all.push_back(*std::move(next).value());
    }
  }

  /// The same with exceptions.
  std::vector<Item> All() { return TryAll().value(); }

  /// Goes once through the list. Throws Error.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Item;
    using difference_type = std::ptrdiff_t;
    using pointer = const Item*;
    using reference = const Item&;

    Iterator() = default;
    explicit Iterator(Pages& pages) : pages_(&pages) { ++*this; }
    reference operator*() const { return *item_; }  // NOLINT(bugprone-unchecked-optional-access): end() has none
    pointer operator->() const { return &*item_; }
    Iterator& operator++() {
      item_ = pages_->Next();
      if (!item_) pages_ = nullptr;
      return *this;
    }
    bool operator==(const Iterator& other) const { return pages_ == other.pages_; }
    bool operator!=(const Iterator& other) const { return !(*this == other); }

   private:
    Pages* pages_ = nullptr;
    std::optional<Item> item_;
  };

  Iterator begin() { return Iterator(*this); }
  Iterator end() { return Iterator(); }

 private:
  Fetch fetch_;
  std::vector<Item> items_;
  std::size_t place_ = 0;
  std::string token_;
  bool begun_ = false;
};

namespace internal {

/// The list that a method answers in pages, whose items `items` holds.
template <typename Stub, typename Request, typename Response, typename Item>
Pages<Item> MakePages(
    const Crib& crib,
    std::shared_ptr<Stub> stub,
    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    google::protobuf::RepeatedPtrField<Item>* (Response::*items)(),
    Request request) {
  const auto fetch = [crib, stub = std::move(stub), method, items, request = std::move(request)](
                         const std::string& token, std::vector<Item>& into) mutable -> Result<std::string> {
    // The first page may be another than the very first.
    if (!token.empty()) request.set_page_token(token);
    auto page = crib.Read(*stub, method, request);
    if (!page) return page.error();
    auto* found = (page.value().*items)();
    into.assign(std::make_move_iterator(found->begin()), std::make_move_iterator(found->end()));
    return std::move(*page.value().mutable_next_page_token());
  };
  return Pages<Item>(fetch);
}

}  // namespace internal
}  // namespace toolcrib
