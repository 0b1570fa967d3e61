package toolcrib_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	toolcrib "toolcrib.dev/go"
	watchv1 "toolcrib.dev/go/watch/v1"
)

type stream = grpc.ServerStreamingServer[watchv1.WatchResponse]

// commit is a message of a commit with one change; of a part that others follow there is no token.
func commit(revision int64, key string, continues bool) *watchv1.WatchResponse {
	message := &watchv1.WatchResponse{
		Kind:      watchv1.MessageKind_MESSAGE_KIND_COMMIT,
		Revision:  revision,
		Commit:    &watchv1.Commit{Revision: revision, Actor: "ann"},
		Changes:   []*watchv1.Change{{Kind: watchv1.ChangeKind_CHANGE_KIND_UPDATED, RecordKey: key}},
		Continues: continues,
	}
	if !continues {
		message.ResumeToken = fmt.Sprint("behind ", revision)
	}
	return message
}

func snapshot(kind watchv1.MessageKind, records ...*anypb.Any) *watchv1.WatchResponse {
	message := &watchv1.WatchResponse{Kind: kind, Records: records}
	if kind == watchv1.MessageKind_MESSAGE_KIND_SNAPSHOT_END {
		message.ResumeToken, message.Revision = "behind 3", 3
	}
	return message
}

// playing sends to each stream what there is for it, and then waits or fails.
func playing(plays ...func(stream) error) *fakeServer {
	return &fakeServer{onWatch: func(number int, to stream) error { return plays[number](to) }}
}

func send(to stream, messages ...*watchv1.WatchResponse) error {
	for _, message := range messages {
		if err := to.Send(message); err != nil {
			return err
		}
	}
	return nil
}

func staying(messages ...*watchv1.WatchResponse) func(stream) error {
	return func(to stream) error {
		err := send(to, messages...)
		<-to.Context().Done()
		return err
	}
}

func lost(end error, messages ...*watchv1.WatchResponse) func(stream) error {
	return func(to stream) error { return errors.Join(send(to, messages...), end) }
}

// told is revisions and keys of so many changes.
func told(t *testing.T, watch *toolcrib.Watch[*anypb.Any], count int) []string {
	t.Helper()
	var told []string
	for change, err := range watch.Changes() {
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, fmt.Sprint(change.Commit.Revision, " ", change.KindName(), " ", change.RecordKey))
		if len(told) == count {
			break
		}
	}
	return told
}

func watching(t *testing.T, server *fakeServer, start *watchv1.Start) *toolcrib.Watch[*anypb.Any] {
	t.Helper()
	watch := connected(t, server, toolcrib.Options{}).Watch(t.Context(), &watchv1.WatchRequest{Start: start})
	t.Cleanup(watch.Close)
	return watch
}

func TestAWatchGoesOnBehindTheLastWholeCommit(t *testing.T) {
	slow, err := status.New(codes.ResourceExhausted, "too slow").WithDetails(
		&errdetails.ErrorInfo{Reason: "WATCH_TOO_SLOW", Domain: "toolcrib.dev"})
	if err != nil {
		t.Fatal(err)
	}
	server := playing(
		lost(unavailable, commit(1, "a", false), commit(2, "lost", true)),
		lost(slow.Err(), commit(2, "b", true), commit(2, "c", false)),
		lost(status.Error(codes.Canceled, "the server stops")),
		staying(commit(3, "d", false)),
	)
	watch := watching(t, server, nil)
	wanted := []string{"1 updated a", "2 updated b", "2 updated c", "3 updated d"}
	if found := told(t, watch, 4); !slices.Equal(found, wanted) {
		t.Error(found)
	}
	var tokens []string
	for _, request := range server.watches {
		tokens = append(tokens, request.GetStart().GetResumeToken())
	}
	if !slices.Equal(tokens, []string{"", "behind 1", "behind 2", "behind 2"}) {
		t.Error(tokens)
	}
}

func TestACommitIsDoneWithWhenTheNextIsAskedFor(t *testing.T) {
	watch := watching(t, playing(staying(commit(1, "a", false), commit(2, "b", false))), toolcrib.FromRevision(1))
	for number, wanted := range []string{"", "behind 1"} {
		if found, err := watch.Next(); err != nil || found.Revision != int64(number+1) {
			t.Fatal(found, err)
		}
		if watch.ResumeToken() != wanted || watch.Revision() != int64(number) {
			t.Error(watch.ResumeToken(), watch.Revision())
		}
	}
}

func TestASnapshotThatIsLostInItsMiddleBeginsAnew(t *testing.T) {
	one, _ := anypb.New(&watchv1.Commit{Revision: 1})
	two, _ := anypb.New(&watchv1.Commit{Revision: 2})
	part, end := watchv1.MessageKind_MESSAGE_KIND_SNAPSHOT, watchv1.MessageKind_MESSAGE_KIND_SNAPSHOT_END
	watch := watching(t, playing(
		lost(unavailable, snapshot(part, one)),
		staying(snapshot(part, one), snapshot(part, two), snapshot(end), commit(4, "a", false)),
	), toolcrib.Snapshot())
	if _, err := watch.Next(); status.Code(err) != codes.InvalidArgument {
		t.Error("the snapshot was not asked for first:", err)
	}
	records, err := watch.Snapshot()
	if err != nil || len(records) != 2 || watch.ResumeToken() != "behind 3" {
		t.Error(records, err, watch.ResumeToken())
	}
	if found := told(t, watch, 1); !slices.Equal(found, []string{"4 updated a"}) {
		t.Error(found)
	}
	if _, err := watch.Snapshot(); status.Code(err) != codes.InvalidArgument {
		t.Error("there was a second snapshot:", err)
	}
}

func TestAWatchEndsWhereWhatComesNextIsNoLongerKept(t *testing.T) {
	watch := watching(t, playing(lost(status.Error(codes.OutOfRange, "pruned"))), toolcrib.Behind("long ago"))
	for range 2 {
		if _, err := watch.Next(); status.Code(err) != codes.OutOfRange {
			t.Error(err)
		}
	}
}

func TestAWatchThatIsClosedComesToItsEnd(t *testing.T) {
	begun := make(chan struct{})
	server := playing(func(to stream) error {
		close(begun)
		<-to.Context().Done()
		return nil
	})
	watch := watching(t, server, nil)
	go func() {
		<-begun
		watch.Close()
	}()
	for change, err := range watch.Changes() {
		t.Error(change, err)
	}
	if _, err := watch.Next(); err != io.EOF {
		t.Error(err)
	}
}

func TestAWatchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := playing(func(to stream) error {
		cancel()
		<-to.Context().Done()
		return nil
	})
	watch := connected(t, server, toolcrib.Options{}).Watch(ctx, &watchv1.WatchRequest{})
	if _, err := watch.Next(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAWatchEndsWithItsConnection(t *testing.T) {
	server := playing(staying(commit(1, "a", false)))
	crib := connected(t, server, toolcrib.Options{})
	watch := crib.Watch(t.Context(), &watchv1.WatchRequest{})
	told(t, watch, 1)
	if err := crib.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Next(); status.Code(err) != codes.Canceled || !strings.Contains(err.Error(), "closed") {
		t.Error(err)
	}
}

func TestNothingIsAskedBeforeAWatchIsRead(t *testing.T) {
	server := playing()
	watching(t, server, nil).Close()
	if len(server.watches) != 0 {
		t.Error("the server was asked")
	}
}
