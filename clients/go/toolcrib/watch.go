package toolcrib

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	watchv1 "toolcrib.dev/go/watch/v1"
)

// Snapshot begins a watch with the records that there are.
func Snapshot() *watchv1.Start {
	return &watchv1.Start{Kind: &watchv1.Start_Snapshot{Snapshot: true}}
}

// FromRevision begins a watch with the commit of this revision, or the first one behind it.
func FromRevision(revision int64) *watchv1.Start {
	return &watchv1.Start{Kind: &watchv1.Start_Revision{Revision: revision}}
}

// Behind begins a watch behind what another one has given, of which this is the [Watch.ResumeToken].
func Behind(resumeToken string) *watchv1.Start {
	return &watchv1.Start{Kind: &watchv1.Start_ResumeToken{ResumeToken: resumeToken}}
}

// Watch is sent what is committed, as it is committed: records of type R, such as *Recipe.
//
//	watch := recipes.Watch(ctx, &recipesv1.WatchRecipesRequest{Start: toolcrib.Snapshot()})
//	defer watch.Close()
//	known, err := watch.Snapshot()
//	...
//	for change, err := range watch.Changes() {
//		...
//	}
//
// Nothing is asked before the first of these. It goes on by itself where its connection or its server is lost, behind
// the last commit that it gave: without gap and without repeat. Nothing is read ahead of what is asked for: a watch that
// is never read holds a window of 1 MiB.
//
// One goroutine at a time uses it; Close may be called by any. It fails with an [*Error] where it cannot go on: its
// context is done, the server could not be reached within the time of a call, or what comes next is no longer kept.
type Watch[R any] struct {
	ctx   context.Context
	close context.CancelCauseFunc
	conn  *grpc.ClientConn
	// How long the first stream may take to be opened.
	timeout time.Duration
	open    func(ctx context.Context, resumeToken string) (receiver[R], error)
	// The stream that is open, or nil.
	receive receiver[R]
	course  course[R]
	// The message of the commit that was given last.
	given *watchMessage[R]
	// What it has come to, once it has.
	end error
}

type receiver[R any] func() (*watchMessage[R], error)

var errClosed = errors.New("the watch was closed")

// NewWatch watches by a method of a stub; the request becomes the watch's own. Generated clients begin with it.
func NewWatch[R any, C ChangeMessage[R], M any, P interface {
	*M
	WatchMessage[R, C]
}, Q WatchRequest](
	ctx context.Context,
	crib *Crib,
	method func(context.Context, Q, ...grpc.CallOption) (grpc.ServerStreamingClient[M], error),
	request Q,
) *Watch[R] {
	ctx, closeWatch := context.WithCancelCause(crib.settings.outgoing(ctx))
	open := func(ctx context.Context, resumeToken string) (receiver[R], error) {
		if resumeToken != "" {
			setStart(request, resumeToken)
		}
		stream, err := method(ctx, request)
		if err != nil {
			return nil, err
		}
		return func() (*watchMessage[R], error) {
			message, err := stream.Recv()
			if err != nil {
				return nil, err
			}
			return readMessage[R, C](P(message)), nil
		}, nil
	}
	watch := &Watch[R]{ctx: ctx, close: closeWatch, conn: crib.conn, timeout: crib.settings.timeout, open: open}
	watch.course.awaitsSnapshot = request.GetStart().GetSnapshot()
	watch.course.resumeToken = request.GetStart().GetResumeToken()
	watch.course.patience = newPatience()
	watch.end = crib.settings.check()
	return watch
}

// Watch watches several components, or all, each commit of them at once. Records come packed.
func (c *Crib) Watch(ctx context.Context, request *watchv1.WatchRequest) *Watch[*anypb.Any] {
	asked := &watchv1.WatchRequest{}
	proto.Merge(asked, request)
	return NewWatch[*anypb.Any, *watchv1.Change](ctx, c, watchv1.NewWatchServiceClient(c.conn).Watch, asked)
}

// Snapshot is the records that there are, where the watch was asked for them; they come first.
func (w *Watch[R]) Snapshot() ([]R, error) {
	if !w.course.awaitsSnapshot {
		return nil, invalid(nil, "there is no snapshot: ask for one with Start: toolcrib.Snapshot(), and take it once")
	}
	for {
		message, err := w.message()
		if err != nil {
			return nil, err
		}
		if w.course.takeRecords(message) {
			records := w.course.records
			w.course.records = nil
			return records, nil
		}
	}
}

// Next waits for the next commit. What was given before counts as done with. It answers [io.EOF] once the watch is
// closed.
func (w *Watch[R]) Next() (*Commit[R], error) {
	if w.course.awaitsSnapshot {
		return nil, invalid(nil, "the snapshot comes first: take it with Snapshot()")
	}
	if w.given != nil {
		w.course.done(w.given)
		w.given = nil
	}
	for {
		message, err := w.message()
		if err != nil {
			return nil, err
		}
		if commit := w.course.takeCommit(message); commit != nil {
			w.given = message
			return commit, nil
		}
		w.course.done(message)
	}
}

// Commits iterates over the commits, each with all its changes. It ends where the watch is closed.
func (w *Watch[R]) Commits() iter.Seq2[*Commit[R], error] {
	return func(yield func(*Commit[R], error) bool) {
		for {
			commit, err := w.Next()
			if err == io.EOF || !yield(commit, err) || err != nil {
				return
			}
		}
	}
}

// Changes iterates over the same, change by change.
func (w *Watch[R]) Changes() iter.Seq2[*Change[R], error] {
	return func(yield func(*Change[R], error) bool) {
		for commit, err := range w.Commits() {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, change := range commit.Changes {
				if !yield(change, nil) {
					return
				}
			}
		}
	}
}

// ResumeToken goes on behind the last commit that is done with, which it is when the next is asked for: what was being
// worked on is given again. It is empty before there is any place to go on from.
func (w *Watch[R]) ResumeToken() string {
	return w.course.resumeToken
}

// Revision is up to which all is done with.
func (w *Watch[R]) Revision() int64 {
	return w.course.revision
}

// Close ends the watch; who iterates comes to the end. It may be called several times, and from any goroutine.
func (w *Watch[R]) Close() {
	w.close(errClosed)
}

// message is the next message, of this stream or of another behind it.
func (w *Watch[R]) message() (*watchMessage[R], error) {
	for w.end == nil {
		message, err := w.tryMessage()
		if err == nil {
			w.course.received()
			return message, nil
		}
		w.receive = nil
		// Who closes the connection closes the watch.
		if w.conn.GetState() == connectivity.Shutdown {
			w.end = err
		} else {
			w.end = w.course.resume(w.ctx, err)
		}
		if errors.Is(context.Cause(w.ctx), errClosed) {
			w.end = io.EOF
		}
	}
	return nil, w.end
}

func (w *Watch[R]) tryMessage() (*watchMessage[R], error) {
	if w.receive == nil {
		w.course.begin()
		receive, err := w.openInTime()
		if err != nil {
			return nil, err
		}
		w.receive = receive
	}
	message, err := w.receive()
	if err == io.EOF {
		return nil, &Error{Code: codes.Unavailable, Message: "the server ended the watch"}
	}
	return message, err
}

// openInTime opens a stream. Until the watch was begun that may take as long as a call, then as long as it takes.
func (w *Watch[R]) openInTime() (receiver[R], error) {
	if w.course.wasBegun || w.timeout == NoTimeout {
		return w.open(w.ctx, w.course.resumeToken)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	timer := time.AfterFunc(w.timeout, cancel)
	receive, err := w.open(ctx, w.course.resumeToken)
	if !timer.Stop() && w.ctx.Err() == nil {
		return nil, &Error{Code: codes.DeadlineExceeded, Message: fmt.Sprintf(
			"the server at %s could not be reached within %v", w.conn.Target(), w.timeout), cause: err}
	}
	return receive, err
}
