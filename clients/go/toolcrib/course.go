package toolcrib

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	auditv1 "toolcrib.dev/go/audit/v1"
	watchv1 "toolcrib.dev/go/watch/v1"
)

// Once it was begun, a watch waits for its server without end; this pause comes again and again.
const watchPause = 2 * time.Second

// Commit is a commit: its revision, time (UTC), who made it, why, by which call, and its changes in their order.
type Commit[R any] struct {
	Revision    int64
	Time        time.Time
	Actor       string
	ActorSource auditv1.ActorSource
	Reason      string
	Method      string
	Changes     []*Change[R]
}

// Change is what became of a record: Record as it is now, or last was where it is gone; Previous as it was before, where
// that was asked for and there was one.
//
// A watch over several components has packed records, their components' full names and their keys as text.
type Change[R any] struct {
	Kind      watchv1.ChangeKind
	Record    R
	Previous  R
	Component string
	RecordKey string
	Commit    *Commit[R]
}

// KindName is for example "updated".
func (c *Change[R]) KindName() string {
	return strings.ToLower(strings.TrimPrefix(c.Kind.String(), "CHANGE_KIND_"))
}

// course is how far a watch has come, without the waiting.
type course[R any] struct {
	awaitsSnapshot bool
	wasBegun       bool
	patience       patience
	resumeToken    string
	revision       int64
	records        []R
	commit         *Commit[R]
}

// begin forgets what was received of a snapshot, or of a commit, that did not come to its end: it comes once more.
func (c *course[R]) begin() {
	c.records, c.commit = nil, nil
}

// received notes that something came: the server is there.
func (c *course[R]) received() {
	c.wasBegun = true
	c.patience = newPatience()
}

// resume waits before the watch goes on behind an error. It answers the error that the watch has come to, or nil.
func (c *course[R]) resume(ctx context.Context, err error) error {
	pause, ok := c.pause(err)
	if !ok || !sleep(ctx, pause) {
		return err
	}
	return nil
}

// pause is how long to wait before going on behind an error; it says false where that makes no sense.
func (c *course[R]) pause(err error) (time.Duration, bool) {
	var failure *Error
	if !errors.As(err, &failure) {
		return 0, false
	}
	if failure.Code == codes.ResourceExhausted && failure.Reason == "WATCH_TOO_SLOW" {
		return 0, true
	}
	if c.wasBegun && failure.Code == codes.Canceled {
		// The server let its calls go.
		err = &Error{Code: codes.Unavailable, Message: failure.Message}
	} else if failure.Code != codes.Unavailable {
		return 0, false
	}
	pause, ok := c.patience.pause(err)
	if !ok && c.wasBegun {
		return watchPause, true
	}
	return pause, ok
}

// takeRecords takes a message of the snapshot; it says whether these are all records.
func (c *course[R]) takeRecords(message *watchMessage[R]) bool {
	c.records = append(c.records, message.records...)
	if message.kind != watchv1.MessageKind_MESSAGE_KIND_SNAPSHOT_END {
		return false
	}
	c.awaitsSnapshot = false
	c.done(message)
	return true
}

// takeCommit takes a message; it answers the commit that it completes, or nil.
func (c *course[R]) takeCommit(message *watchMessage[R]) *Commit[R] {
	if message.kind != watchv1.MessageKind_MESSAGE_KIND_COMMIT {
		return nil
	}
	if c.commit == nil {
		c.commit = message.commit
	}
	commit := c.commit
	for _, change := range message.changes {
		change.Commit = commit
	}
	commit.Changes = append(commit.Changes, message.changes...)
	if message.continues {
		return nil
	}
	c.commit = nil
	return commit
}

// done notes that what the message said was given.
func (c *course[R]) done(message *watchMessage[R]) {
	if message.resumeToken != "" {
		c.resumeToken, c.revision = message.resumeToken, message.revision
	}
}
