// Between JSON and messages, and what else a driver says.
#pragma once

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "toolcrib/toolcrib.h"

namespace driver {

using google::protobuf::Struct;
using google::protobuf::Value;

inline std::string ToJson(const google::protobuf::Message& message) {
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json);
  if (!status.ok()) throw std::runtime_error(status.ToString());
  return json;
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
