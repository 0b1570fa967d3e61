// Actor, tenant and reason as the server reads them.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "toolcrib/settings.h"

namespace toolcrib::internal {

using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Whether HTTP headers carry the text as it is: printable ASCII without blanks at its ends.
inline bool IsPlain(const std::string& text) {
  const auto printable = [](char each) { return each >= ' ' && each <= '~'; };
  return std::all_of(text.begin(), text.end(), printable) && text.front() != ' ' && text.back() != ' ';
}

/// Adds `text` under `key`, or as UTF-8 under the key's binary twin.
inline void AddEntry(Metadata& metadata, const std::string& key, const std::string& text) {
  if (!text.empty()) metadata.emplace_back(IsPlain(text) ? key : key + "-bin", text);
}

inline Metadata MetadataOf(const CallSettings& settings) {
  Metadata metadata;
  AddEntry(metadata, "x-actor", settings.actor);
  AddEntry(metadata, "x-tenant", settings.tenant);
  AddEntry(metadata, "x-change-reason", settings.reason);
  return metadata;
}

}  // namespace toolcrib::internal
