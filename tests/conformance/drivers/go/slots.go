package main

import (
	"context"
	"fmt"

	slotsv1 "toolcrib.dev/components/conformance/slots/v1"
	toolcrib "toolcrib.dev/go"
)

// callSlot calls the method of the client as a user would, with the request of the service's method taken apart.
func callSlot(ctx context.Context, crib *toolcrib.Crib, asked command) (any, error) {
	client := slotsv1.NewSlotClient(crib)
	switch asked.Method {
	case "create":
		return with(asked, func(r *slotsv1.CreateSlotRequest) (any, error) {
			return answer(client.Create(ctx, taken(&r.Slot), r))
		})
	case "get":
		return with(asked, func(r *slotsv1.GetSlotRequest) (any, error) {
			return answer(client.Get(ctx, slotKey(&r.Rack, &r.Number), r))
		})
	case "list":
		return with(asked, func(r *slotsv1.ListSlotsRequest) (any, error) {
			return collect(client.List(ctx, r), asked.Limit)
		})
	case "list_page":
		return with(asked, func(r *slotsv1.ListSlotsRequest) (any, error) {
			return answer(client.ListPage(ctx, r))
		})
	case "count":
		return with(asked, func(r *slotsv1.CountSlotsRequest) (any, error) {
			return client.Count(ctx, r)
		})
	case "explain":
		return with(asked, func(r *slotsv1.ExplainSlotsRequest) (any, error) {
			return answer(client.Explain(ctx, r))
		})
	case "update":
		return with(asked, func(r *slotsv1.UpdateSlotRequest) (any, error) {
			return answer(client.Update(ctx, taken(&r.Slot), r))
		})
	case "delete":
		return with(asked, func(r *slotsv1.DeleteSlotRequest) (any, error) {
			return nil, client.Delete(ctx, slotKey(&r.Rack, &r.Number), r)
		})
	case "revisions":
		return with(asked, func(r *slotsv1.ListSlotRevisionsRequest) (any, error) {
			return collect(client.Revisions(ctx, slotKey(&r.Rack, &r.Number), r), asked.Limit)
		})
	case "diff":
		return with(asked, func(r *slotsv1.DiffSlotRequest) (any, error) {
			return answer(client.Diff(ctx, slotKey(&r.Rack, &r.Number), taken(&r.StartRevision), r))
		})
	case "diffs":
		return with(asked, func(r *slotsv1.ListSlotDiffsRequest) (any, error) {
			return collect(client.Diffs(ctx, taken(&r.StartRevision), r), asked.Limit)
		})
	case "rollback":
		return with(asked, func(r *slotsv1.RollbackSlotRequest) (any, error) {
			return answer(client.Rollback(ctx, slotKey(&r.Rack, &r.Number), taken(&r.Revision), r))
		})
	}
	return callSlots(ctx, client, asked)
}

// callSlots is the same for batches.
func callSlots(ctx context.Context, client *slotsv1.SlotClient, asked command) (any, error) {
	switch asked.Method {
	case "batch_create":
		return with(asked, func(r *slotsv1.BatchCreateSlotsRequest) (any, error) {
			records := each(taken(&r.Requests), (*slotsv1.CreateSlotRequest).GetSlot)
			return answers(client.BatchCreate(ctx, records, r))
		})
	case "batch_get":
		return with(asked, func(r *slotsv1.BatchGetSlotsRequest) (any, error) {
			keys := each(r.Requests, func(r *slotsv1.GetSlotRequest) slotsv1.SlotKey { return slotKey(&r.Rack, &r.Number) })
			option := first(r.Requests)
			return answers(client.BatchGet(ctx, keys, option))
		})
	case "batch_update":
		return with(asked, func(r *slotsv1.BatchUpdateSlotsRequest) (any, error) {
			return answers(client.BatchUpdate(ctx, taken(&r.Requests), r))
		})
	case "batch_delete":
		return with(asked, func(r *slotsv1.BatchDeleteSlotsRequest) (any, error) {
			keys := each(r.Requests, func(r *slotsv1.DeleteSlotRequest) slotsv1.SlotKey { return slotKey(&r.Rack, &r.Number) })
			option := first(r.Requests)
			option.RequestId, option.ValidateOnly = r.RequestId, r.ValidateOnly
			return nil, client.BatchDelete(ctx, keys, option)
		})
	}
	return nil, fmt.Errorf("no method %s of Slot", asked.Method)
}

// slotKey takes the key out of a request.
func slotKey(rack *string, number *int32) slotsv1.SlotKey {
	return slotsv1.SlotKey{Rack: taken(rack), Number: taken(number)}
}

func watchSlots(ctx context.Context, crib *toolcrib.Crib, asked command) (watching, error) {
	request, err := read[slotsv1.WatchSlotsRequest](asked.Request)
	if err != nil {
		return nil, err
	}
	return watched[*slotsv1.Slot]{slotsv1.NewSlotClient(crib).Watch(ctx, request)}, nil
}

func writeSlot(transaction *toolcrib.Transaction, asked write) (func() any, error) {
	writes := slotsv1.NewSlotWrites(transaction)
	switch asked.Method {
	case "create":
		r, err := read[slotsv1.CreateSlotRequest](asked.Request)
		return later(writes.Create(taken(&r.Slot), r)), err
	case "update":
		r, err := read[slotsv1.UpdateSlotRequest](asked.Request)
		return later(writes.Update(taken(&r.Slot), r)), err
	case "delete":
		r, err := read[slotsv1.DeleteSlotRequest](asked.Request)
		return later(writes.Delete(slotKey(&r.Rack, &r.Number), r)), err
	case "rollback":
		r, err := read[slotsv1.RollbackSlotRequest](asked.Request)
		return later(writes.Rollback(slotKey(&r.Rack, &r.Number), taken(&r.Revision), r)), err
	}
	return nil, fmt.Errorf("no method %s of SlotWrites", asked.Method)
}

func requireSlot(transaction *toolcrib.Transaction, asked precondition) error {
	r, err := read[slotsv1.GetSlotRequest](asked.Request)
	if err == nil {
		slotsv1.NewSlotWrites(transaction).Require(slotKey(&r.Rack, &r.Number), condition(asked), r)
	}
	return err
}
