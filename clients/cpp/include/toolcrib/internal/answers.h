// What generated clients make of responses: the part of one that is the answer.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <iterator>
#include <utility>
#include <vector>

#include "toolcrib/result.h"

namespace toolcrib::internal {

/// A message within the response.
template <typename Part, typename Response>
Result<Part> Take(Result<Response> response, Part* (Response::*part)()) {
  if (!response) return response.error();
  return std::move(*(response.value().*part)());
}

/// A number within the response.
template <typename Part, typename Response>
Result<Part> Take(Result<Response> response, Part (Response::*part)() const) {
  if (!response) return response.error();
  return (response.value().*part)();
}

/// The items of the response.
template <typename Item, typename Response>
Result<std::vector<Item>> Take(
    Result<Response> response, google::protobuf::RepeatedPtrField<Item>* (Response::*items)()) {
  if (!response) return response.error();
  auto* found = (response.value().*items)();
  return std::vector<Item>(std::make_move_iterator(found->begin()), std::make_move_iterator(found->end()));
}

/// Nothing of it.
template <typename Response>
Result<void> Drop(const Result<Response>& response) {
  if (!response) return response.error();
  return {};
}

}  // namespace toolcrib::internal
