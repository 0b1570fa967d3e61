// The components of the conformance script, and what their types are called.
#pragma once

#include <cstdint>
#include <utility>

#include "component.h"
#include "conformance/slots/v1/slot_client.h"
#include "conformance/specimens/v1/specimen_client.h"

namespace driver {

namespace specimens = conformance::specimens::v1;
namespace slots = conformance::slots::v1;

struct OfSpecimen {
  using Client = specimens::SpecimenClient;
  using Writes = specimens::SpecimenWrites;
  using Key = std::int64_t;
  using CreateRequest = specimens::CreateSpecimenRequest;
  using GetRequest = specimens::GetSpecimenRequest;
  using ListRequest = specimens::ListSpecimensRequest;
  using CountRequest = specimens::CountSpecimensRequest;
  using ExplainRequest = specimens::ExplainSpecimensRequest;
  using UpdateRequest = specimens::UpdateSpecimenRequest;
  using DeleteRequest = specimens::DeleteSpecimenRequest;
  using UndeleteRequest = specimens::UndeleteSpecimenRequest;
  using RevisionsRequest = specimens::ListSpecimenRevisionsRequest;
  using DiffRequest = specimens::DiffSpecimenRequest;
  using DiffsRequest = specimens::ListSpecimenDiffsRequest;
  using RollbackRequest = specimens::RollbackSpecimenRequest;
  using BatchCreateRequest = specimens::BatchCreateSpecimensRequest;
  using BatchGetRequest = specimens::BatchGetSpecimensRequest;
  using BatchUpdateRequest = specimens::BatchUpdateSpecimensRequest;
  using BatchDeleteRequest = specimens::BatchDeleteSpecimensRequest;
  using WatchRequest = specimens::WatchSpecimensRequest;
  static constexpr bool kSoftDelete = true;

  template <typename Request>
  static Key TakeKey(Request& request) {
    const Key key = request.id();
    request.clear_id();
    return key;
  }
  template <typename Request>
  static specimens::Specimen TakeRecord(Request& request) {
    auto record = std::move(*request.mutable_specimen());
    request.clear_specimen();
    return record;
  }
};

struct OfSlot {
  using Client = slots::SlotClient;
  using Writes = slots::SlotWrites;
  using Key = slots::SlotKey;
  using CreateRequest = slots::CreateSlotRequest;
  using GetRequest = slots::GetSlotRequest;
  using ListRequest = slots::ListSlotsRequest;
  using CountRequest = slots::CountSlotsRequest;
  using ExplainRequest = slots::ExplainSlotsRequest;
  using UpdateRequest = slots::UpdateSlotRequest;
  using DeleteRequest = slots::DeleteSlotRequest;
  using RevisionsRequest = slots::ListSlotRevisionsRequest;
  using DiffRequest = slots::DiffSlotRequest;
  using DiffsRequest = slots::ListSlotDiffsRequest;
  using RollbackRequest = slots::RollbackSlotRequest;
  using BatchCreateRequest = slots::BatchCreateSlotsRequest;
  using BatchGetRequest = slots::BatchGetSlotsRequest;
  using BatchUpdateRequest = slots::BatchUpdateSlotsRequest;
  using BatchDeleteRequest = slots::BatchDeleteSlotsRequest;
  using WatchRequest = slots::WatchSlotsRequest;
  static constexpr bool kSoftDelete = false;

  template <typename Request>
  static Key TakeKey(Request& request) {
    Key key{request.rack(), request.number()};
    request.clear_rack();
    request.clear_number();
    return key;
  }
  template <typename Request>
  static slots::Slot TakeRecord(Request& request) {
    auto record = std::move(*request.mutable_slot());
    request.clear_slot();
    return record;
  }
};

}  // namespace driver
