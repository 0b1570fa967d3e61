package main

import (
	"context"
	"fmt"

	specimensv1 "toolcrib.dev/components/conformance/specimens/v1"
	toolcrib "toolcrib.dev/go"
)

// callSpecimen calls the method of the client as a user would, with the request of the service's method taken apart.
func callSpecimen(ctx context.Context, crib *toolcrib.Crib, asked command) (any, error) {
	client := specimensv1.NewSpecimenClient(crib)
	switch asked.Method {
	case "create":
		return with(asked, func(r *specimensv1.CreateSpecimenRequest) (any, error) {
			return answer(client.Create(ctx, taken(&r.Specimen), r))
		})
	case "get":
		return with(asked, func(r *specimensv1.GetSpecimenRequest) (any, error) {
			return answer(client.Get(ctx, taken(&r.Id), r))
		})
	case "list":
		return with(asked, func(r *specimensv1.ListSpecimensRequest) (any, error) {
			return collect(client.List(ctx, r), asked.Limit)
		})
	case "list_page":
		return with(asked, func(r *specimensv1.ListSpecimensRequest) (any, error) {
			return answer(client.ListPage(ctx, r))
		})
	case "count":
		return with(asked, func(r *specimensv1.CountSpecimensRequest) (any, error) {
			return client.Count(ctx, r)
		})
	case "explain":
		return with(asked, func(r *specimensv1.ExplainSpecimensRequest) (any, error) {
			return answer(client.Explain(ctx, r))
		})
	case "update":
		return with(asked, func(r *specimensv1.UpdateSpecimenRequest) (any, error) {
			return answer(client.Update(ctx, taken(&r.Specimen), r))
		})
	case "delete":
		return with(asked, func(r *specimensv1.DeleteSpecimenRequest) (any, error) {
			return answer(client.Delete(ctx, taken(&r.Id), r))
		})
	case "undelete":
		return with(asked, func(r *specimensv1.UndeleteSpecimenRequest) (any, error) {
			return answer(client.Undelete(ctx, taken(&r.Id), r))
		})
	case "revisions":
		return with(asked, func(r *specimensv1.ListSpecimenRevisionsRequest) (any, error) {
			return collect(client.Revisions(ctx, taken(&r.Id), r), asked.Limit)
		})
	case "diff":
		return with(asked, func(r *specimensv1.DiffSpecimenRequest) (any, error) {
			return answer(client.Diff(ctx, taken(&r.Id), taken(&r.StartRevision), r))
		})
	case "diffs":
		return with(asked, func(r *specimensv1.ListSpecimenDiffsRequest) (any, error) {
			return collect(client.Diffs(ctx, taken(&r.StartRevision), r), asked.Limit)
		})
	case "rollback":
		return with(asked, func(r *specimensv1.RollbackSpecimenRequest) (any, error) {
			return answer(client.Rollback(ctx, taken(&r.Id), taken(&r.Revision), r))
		})
	}
	return callSpecimens(ctx, client, asked)
}

// callSpecimens is the same for batches.
func callSpecimens(ctx context.Context, client *specimensv1.SpecimenClient, asked command) (any, error) {
	switch asked.Method {
	case "batch_create":
		return with(asked, func(r *specimensv1.BatchCreateSpecimensRequest) (any, error) {
			records := each(taken(&r.Requests), (*specimensv1.CreateSpecimenRequest).GetSpecimen)
			return answers(client.BatchCreate(ctx, records, r))
		})
	case "batch_get":
		return with(asked, func(r *specimensv1.BatchGetSpecimensRequest) (any, error) {
			keys := each(r.Requests, (*specimensv1.GetSpecimenRequest).GetId)
			option := first(r.Requests)
			return answers(client.BatchGet(ctx, keys, option))
		})
	case "batch_update":
		return with(asked, func(r *specimensv1.BatchUpdateSpecimensRequest) (any, error) {
			return answers(client.BatchUpdate(ctx, taken(&r.Requests), r))
		})
	case "batch_delete":
		return with(asked, func(r *specimensv1.BatchDeleteSpecimensRequest) (any, error) {
			keys := each(r.Requests, (*specimensv1.DeleteSpecimenRequest).GetId)
			option := first(r.Requests)
			option.RequestId, option.ValidateOnly = r.RequestId, r.ValidateOnly
			return answers(client.BatchDelete(ctx, keys, option))
		})
	}
	return nil, fmt.Errorf("no method %s of Specimen", asked.Method)
}

func watchSpecimens(ctx context.Context, crib *toolcrib.Crib, asked command) (watching, error) {
	request, err := read[specimensv1.WatchSpecimensRequest](asked.Request)
	if err != nil {
		return nil, err
	}
	return watched[*specimensv1.Specimen]{specimensv1.NewSpecimenClient(crib).Watch(ctx, request)}, nil
}

func writeSpecimen(transaction *toolcrib.Transaction, asked write) (func() any, error) {
	writes := specimensv1.NewSpecimenWrites(transaction)
	switch asked.Method {
	case "create":
		r, err := read[specimensv1.CreateSpecimenRequest](asked.Request)
		return later(writes.Create(taken(&r.Specimen), r)), err
	case "update":
		r, err := read[specimensv1.UpdateSpecimenRequest](asked.Request)
		return later(writes.Update(taken(&r.Specimen), r)), err
	case "delete":
		r, err := read[specimensv1.DeleteSpecimenRequest](asked.Request)
		return later(writes.Delete(taken(&r.Id), r)), err
	case "undelete":
		r, err := read[specimensv1.UndeleteSpecimenRequest](asked.Request)
		return later(writes.Undelete(taken(&r.Id), r)), err
	case "rollback":
		r, err := read[specimensv1.RollbackSpecimenRequest](asked.Request)
		return later(writes.Rollback(taken(&r.Id), taken(&r.Revision), r)), err
	}
	return nil, fmt.Errorf("no method %s of SpecimenWrites", asked.Method)
}

func requireSpecimen(transaction *toolcrib.Transaction, asked precondition) error {
	r, err := read[specimensv1.GetSpecimenRequest](asked.Request)
	if err == nil {
		specimensv1.NewSpecimenWrites(transaction).Require(taken(&r.Id), condition(asked), r)
	}
	return err
}
