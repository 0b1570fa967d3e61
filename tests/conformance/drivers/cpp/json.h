// Between JSON and messages, and what else a driver says.
#pragma once

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "toolcrib/toolcrib.h"

namespace driver {

using google::protobuf::Struct;
using google::protobuf::Value;

/// The JSON with each -0 as -0.0: others read -0 as an integer, which has no sign.
inline std::string WithNegativeZeros(const std::string& json) {
  std::string changed;
  bool in_text = false;
  for (std::size_t place = 0; place < json.size(); ++place) {
    const char each = json[place];
    if (each == '"') in_text = !in_text;
    if (in_text && each == '\\') changed += json[place++];
    changed += json[place];
    const char next = place + 1 < json.size() ? json[place + 1] : '\0';
    const bool ends = next == ',' || next == '}' || next == ']' || next == '\0';
    if (!in_text && each == '0' && place > 0 && json[place - 1] == '-' && ends) changed += ".0";
  }
  return changed;
}

inline std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  // Else it leaves -0 out, as if it were the default.
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) throw std::runtime_error(status.ToString());
  return WithNegativeZeros(json);
}

template <typename Message>
Message Parse(const google::protobuf::Message& content) {
  Message message;
  const auto status = google::protobuf::util::JsonStringToMessage(ToJson(content), &message);
  if (!status.ok()) throw toolcrib::Error(toolcrib::Code::INVALID_ARGUMENT, status.ToString());
  return message;
}

inline std::string Quoted(const std::string& text) {
  Value value;
  value.set_string_value(text);
  return ToJson(value);
}

/// Several of them, as a list.
template <typename Items, typename Each>
std::string ListOf(const Items& items, const Each& each) {
  std::string json;
  for (const auto& item : items) json += (json.empty() ? "" : ",") + each(item);
  return "[" + json + "]";
}

inline std::string AnswerOf(const google::protobuf::Empty&) { return "null"; }
inline std::string AnswerOf(const google::protobuf::Message& message) { return ToJson(message); }
inline std::string AnswerOf(std::int64_t number) { return std::to_string(number); }
template <typename Item>
std::string AnswerOf(const std::vector<Item>& items) {
  return ListOf(items, ToJson);
}

inline std::string ErrorOf(const toolcrib::Error& error) {
  std::ostringstream json;
  json << R"({"code":")" << toolcrib::CodeName(error.code()) << R"(","reason":)" << Quoted(error.reason())
       << R"(,"message":)" << Quoted(error.message()) << R"(,"metadata":{)";
  const char* comma = "";
  for (const auto& [key, value] : error.metadata()) {
    json << comma << Quoted(key) << ":" << Quoted(value);
    comma = ",";
  }
  json << R"(},"violations":)" << ListOf(error.violations(), [](const toolcrib::FieldViolation& each) {
    return R"({"field":)" + Quoted(each.field) + R"(,"description":)" + Quoted(each.description) + R"(,"reason":)" +
           Quoted(each.reason) + "}";
  });
  json << R"(,"preconditions":)" << ListOf(error.preconditions(), [](const toolcrib::PreconditionViolation& each) {
    return R"({"type":)" + Quoted(each.type) + R"(,"subject":)" + Quoted(each.subject) + R"(,"description":)" +
           Quoted(each.description) + "}";
  });
  json << R"(,"resource":)";
  if (const auto& resource = error.resource()) {
    json << R"({"type":)" << Quoted(resource->type) << R"(,"name":)" << Quoted(resource->name) << "}";
  } else {
    json << "null";
  }
  json << R"(,"retry_delay_s":)";
  if (const auto delay = error.retry_delay()) {
    json << std::chrono::duration<double>(*delay).count();
  } else {
    json << "null";
  }
  json << "}";
  return json.str();
}

}  // namespace driver
