// What a call can fail with: one type, for exceptions and for Result alike.
#pragma once

#include <grpcpp/support/status_code_enum.h>

#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace toolcrib {

/// The codes of gRPC: toolcrib::Code::NOT_FOUND.
using Code = grpc::StatusCode;

/// A length of time; any std::chrono duration converts to it.
using Duration = std::chrono::nanoseconds;

/// The code's name: "NOT_FOUND".
inline const char* CodeName(Code code) {
  static constexpr const char* kNames[] = {
      "OK",
      "CANCELLED",
      "UNKNOWN",
      "INVALID_ARGUMENT",
      "DEADLINE_EXCEEDED",
      "NOT_FOUND",
      "ALREADY_EXISTS",
      "PERMISSION_DENIED",
      "RESOURCE_EXHAUSTED",
      "FAILED_PRECONDITION",
      "ABORTED",
      "OUT_OF_RANGE",
      "UNIMPLEMENTED",
      "INTERNAL",
      "UNAVAILABLE",
      "DATA_LOSS",
      "UNAUTHENTICATED",
  };
  const auto number = static_cast<unsigned>(code);
  return number < std::size(kNames) ? kNames[number] : "UNKNOWN";
}

/// One field that is wrong. `field` is its path from the request, such as "requests[3].recipe.name".
struct FieldViolation {
  std::string field;
  std::string description;
  std::string reason;
};

/// One condition that does not hold; `subject` is what it is about, such as a record's key.
struct PreconditionViolation {
  std::string type;
  std::string subject;
  std::string description;
};

/// The record that an error is about: full name of the component's message, and the key as text.
struct Resource {
  std::string type;
  std::string name;
};

/// What an Error says. All but `code` and `message` are empty where the failure is not the server's word, such as a
/// broken connection.
struct ErrorFacts {
  Code code = Code::UNKNOWN;
  std::string message;
  std::string reason;
  std::map<std::string, std::string> metadata;
  std::vector<FieldViolation> violations;
  std::vector<PreconditionViolation> preconditions;
  std::optional<Resource> resource;
  std::optional<Duration> retry_delay;
};

/// A call failed. Copies are cheap, and share what they say.
class Error : public std::exception {
 public:
  /// An error with these facts.
  explicit Error(ErrorFacts facts) : told_(std::make_shared<const Told>(std::move(facts))) {}

  /// An error that only has a code and a message.
  Error(Code code, std::string message) : Error(OnlyMessage(code, std::move(message))) {}

  /// What kind of failure it is.
  Code code() const { return told_->facts.code; }
  /// For people.
  const std::string& message() const { return told_->facts.message; }
  /// For programs: "RECORD_DELETED".
  const std::string& reason() const { return told_->facts.reason; }
  /// The facts behind both.
  const std::map<std::string, std::string>& metadata() const { return told_->facts.metadata; }
  /// Every field that is wrong.
  const std::vector<FieldViolation>& violations() const { return told_->facts.violations; }
  /// What does not hold.
  const std::vector<PreconditionViolation>& preconditions() const { return told_->facts.preconditions; }
  /// The record that it is about.
  const std::optional<Resource>& resource() const { return told_->facts.resource; }
  /// When to try again; absent where the server says nothing about it.
  std::optional<Duration> retry_delay() const { return told_->facts.retry_delay; }

  /// The message with code and reason.
  const char* what() const noexcept override { return told_->text.c_str(); }

 private:
  struct Told {
    explicit Told(ErrorFacts said) : facts(std::move(said)), text(Text(facts)) {}
    ErrorFacts facts;
    std::string text;
  };

  static ErrorFacts OnlyMessage(Code code, std::string message) {
    ErrorFacts facts;
    facts.code = code;
    facts.message = std::move(message);
    return facts;
  }

  static std::string Text(const ErrorFacts& facts) {
    std::string text = facts.message + " (" + CodeName(facts.code);
    if (!facts.reason.empty()) text += ", " + facts.reason;
    return text + ")";
  }

  // An exception must not throw while it is copied: strings could.
  std::shared_ptr<const Told> told_;
};

}  // namespace toolcrib
