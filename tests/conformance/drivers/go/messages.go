package main

import (
	"encoding/json"
	"errors"
	"iter"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	toolcrib "toolcrib.dev/go"
)

// read parses a request; without any it is an empty one.
func read[T any, P interface {
	*T
	proto.Message
}](content json.RawMessage) (P, error) {
	request := P(new(T))
	if len(content) == 0 {
		return request, nil
	}
	rest, starred, err := withoutStars(content)
	if err != nil {
		return request, err
	}
	err = protojson.Unmarshal(rest, request)
	star(request, starred)
	return request, err
}

// with hands the request of a call to what makes it.
func with[T any, P interface {
	*T
	proto.Message
}](asked command, call func(P) (any, error)) (any, error) {
	request, err := read[T, P](asked.Request)
	if err != nil {
		return nil, err
	}
	return call(request)
}

// taken takes a value out of a request: what is left of that are the options.
func taken[T any](field *T) T {
	var none T
	value := *field
	*field = none
	return value
}

func each[T, V any](items []T, value func(T) V) []V {
	values := make([]V, 0, len(items))
	for _, item := range items {
		values = append(values, value(item))
	}
	return values
}

// first is what is asked of each of a batch's requests, once their keys are taken out.
func first[T any](requests []*T) *T {
	if len(requests) == 0 {
		return new(T)
	}
	return requests[0]
}

// answer is a message in protobuf's JSON.
func answer[P proto.Message](message P, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return messageJSON(message), nil
}

func answers[P proto.Message](messages []P, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return each(messages, func(message P) any { return messageJSON(message) }), nil
}

// collect is all that is iterated over, or the first so many.
func collect[P proto.Message](items iter.Seq2[P, error], limit *int) (any, error) {
	collected := []any{}
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		if limit != nil && len(collected) == *limit {
			break
		}
		collected = append(collected, messageJSON(item))
	}
	return collected, nil
}

// later is the answer to a write once its transaction is committed.
func later[P proto.Message](pending *toolcrib.Pending[P]) func() any {
	return func() any { return messageJSON(pending.Value()) }
}

func messageJSON(message proto.Message) any {
	if _, ok := message.(*emptypb.Empty); ok || !message.ProtoReflect().IsValid() {
		return nil
	}
	content, err := protojson.Marshal(message)
	if err != nil {
		return err.Error()
	}
	return json.RawMessage(content)
}

// errorJSON is what a call failed with; what is no error of the client's is wrong in the request itself.
func errorJSON(err error) map[string]any {
	var failure *toolcrib.Error
	if !errors.As(err, &failure) {
		return map[string]any{"code": "INVALID_ARGUMENT", "message": err.Error()}
	}
	answer := map[string]any{
		"code":     code.Code(failure.Code).String(),
		"reason":   failure.Reason,
		"message":  failure.Message,
		"metadata": failure.Metadata,
		"violations": each(failure.Violations, func(v toolcrib.FieldViolation) any {
			return map[string]any{"field": v.Field, "description": v.Description, "reason": v.Reason}
		}),
		"preconditions": each(failure.Preconditions, func(v toolcrib.PreconditionViolation) any {
			return map[string]any{"type": v.Type, "subject": v.Subject, "description": v.Description}
		}),
		"resource":      nil,
		"retry_delay_s": nil,
	}
	if failure.Resource != nil {
		answer["resource"] = map[string]any{"type": failure.Resource.Type, "name": failure.Resource.Name}
	}
	if failure.RetryDelay != 0 {
		answer["retry_delay_s"] = failure.RetryDelay.Seconds()
	}
	return answer
}

// watched is the watch of a component.
type watched[P proto.Message] struct {
	watch *toolcrib.Watch[P]
}

func (w watched[P]) snapshot() (any, error) {
	return answers(w.watch.Snapshot())
}

func (w watched[P]) next() (any, error) {
	commit, err := w.watch.Next()
	if err != nil {
		return nil, err
	}
	changes := each(commit.Changes, func(change *toolcrib.Change[P]) any {
		return map[string]any{
			"kind":     change.KindName(),
			"record":   messageJSON(change.Record),
			"previous": messageJSON(change.Previous),
		}
	})
	return map[string]any{
		"revision": commit.Revision, "actor": commit.Actor, "reason": commit.Reason, "changes": changes,
	}, nil
}

func (w watched[P]) resumeToken() string {
	return w.watch.ResumeToken()
}

func (w watched[P]) end() {
	w.watch.Close()
}
