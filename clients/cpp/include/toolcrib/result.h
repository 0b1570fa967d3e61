// An answer or an error, for code that does without exceptions.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>
#include <variant>

#include "toolcrib/error.h"

namespace toolcrib {

namespace internal {

/// The one place that throws. Built without exceptions, a program that asks for what is not there ends, and says why.
[[noreturn]] inline void Throw(const Error& error) {
#if defined(__cpp_exceptions)
  throw error;
#else
  std::fprintf(stderr, "%s\n", error.what());
  std::abort();
#endif
}

}  // namespace internal

/// The answer of a call, or why there is none.
///
///     if (toolcrib::Result<Recipe> recipe = recipes.TryGet(7)) {
///       Use(recipe.value());
///     } else {
///       Log(recipe.error().what());
///     }
template <typename T>
class [[nodiscard]] Result {
 public:
  /// An answer.
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor): meant
  /// An error.
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  /// Whether there is an answer.
  bool ok() const { return held_.index() == 0; }
  /// The same.
  explicit operator bool() const { return ok(); }

  /// The answer. Throws the error where there is none.
  const T& value() const& {
    Require();
    return *std::get_if<0>(&held_);
  }
  /// The answer, which may be changed. Throws the error where there is none.
  T& value() & {
    Require();
    return *std::get_if<0>(&held_);
  }
  /// Hands over the answer. Throws the error where there is none.
  T value() && {
    Require();
    return std::move(*std::get_if<0>(&held_));
  }

  /// The error; there must be one.
  const Error& error() const { return *std::get_if<1>(&held_); }

 private:
  void Require() const {
    if (!ok()) internal::Throw(error());
  }

  std::variant<T, Error> held_;
};

/// Whether a call that answers nothing was done, or why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  /// It was done.
  Result() = default;
  /// An error.
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor): meant

  /// Whether it was done.
  bool ok() const { return !error_; }
  /// The same.
  explicit operator bool() const { return ok(); }
  /// Throws the error where there is one.
  void value() const {
    if (error_) internal::Throw(*error_);
  }
  /// The error; there must be one.
  const Error& error() const { return *error_; }  // NOLINT(bugprone-unchecked-optional-access): callers asked ok()

 private:
  std::optional<Error> error_;
};

}  // namespace toolcrib
