// Update masks, as people like to write them.
#pragma once

#include <google/protobuf/field_mask.pb.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace toolcrib {

/// Names the fields to change, {"*"} all of them: `recipes.Update(recipe, toolcrib::UpdateMask{"name", "speed_mm_s"})`.
class UpdateMask {
 public:
  UpdateMask(std::initializer_list<std::string> paths) : paths_(paths) {}
  explicit UpdateMask(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  /// The names.
  const std::vector<std::string>& paths() const { return paths_; }

  /// Gives a request the mask.
  template <typename Request>
  void operator()(Request& request) const {
    request.mutable_update_mask()->mutable_paths()->Assign(paths_.begin(), paths_.end());
  }

 private:
  std::vector<std::string> paths_;
};

/// A change of a batch: a record, with a mask or none. Without one the fields that are populated are changed.
template <typename Record>
struct Masked {
  Masked(Record record) : record(std::move(record)) {}  // NOLINT(google-explicit-constructor): meant
  Masked(Record record, UpdateMask mask) : record(std::move(record)), mask(std::move(mask)) {}

  Record record;
  std::optional<UpdateMask> mask;
};

}  // namespace toolcrib
