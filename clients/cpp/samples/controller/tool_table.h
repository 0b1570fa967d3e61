// The tool offsets that a loop works with, kept up to date from another thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "plant/tools/v1/tool_offset_client.h"

namespace controller {

using plant::tools::v1::ToolOffset;

/// What the loop needs of a tool.
struct Offsets {
  double x_mm = 0;
  double z_mm = 0;
};

/// Written by the thread of a watch, read by the loop, which never waits for it.
class ToolTable {
 public:
  /// All tools, as they are at the beginning.
  void Begin(const std::vector<ToolOffset>& tools) {
    const std::lock_guard lock(mutex_);
    tools_.clear();
    for (const ToolOffset& tool : tools) Put(tool);
    ++edition_;
  }

  /// What a commit changed.
  void Apply(const toolcrib::Commit<ToolOffset>& commit) {
    const std::lock_guard lock(mutex_);
    for (const auto& change : commit.changes) {
      const bool is_gone = change.kind == toolcrib::watch::v1::CHANGE_KIND_DELETED ||
                           change.kind == toolcrib::watch::v1::CHANGE_KIND_REMOVED;
      if (is_gone) {
        tools_.erase(change.record.tool_number());
      } else {
        Put(change.record);
      }
    }
    ++edition_;
  }

  /// The loop's own copy of the table.
  struct View {
    std::uint64_t edition = 0;
    std::map<std::int32_t, Offsets> tools;
  };

  /// Brings the loop's copy up to date. Where the table is being written in this very moment the copy stays as it is
  /// for one more cycle: the loop does not wait.
  void Refresh(View& view) const {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock || view.edition == edition_) return;
    view.edition = edition_;
    view.tools = tools_;
  }

 private:
  void Put(const ToolOffset& tool) { tools_[tool.tool_number()] = {tool.x_offset_mm(), tool.z_offset_mm()}; }

  mutable std::mutex mutex_;
  std::uint64_t edition_ = 0;
  std::map<std::int32_t, Offsets> tools_;
};

}  // namespace controller
