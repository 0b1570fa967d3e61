package toolcrib

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
)

// A server that restarts is back within them.
var pauses = [...]time.Duration{
	100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond,
}

// Clients that lost the same server must not come back at the same moment.
const jitter = 0.2

// What a try behind a pause has at least: with less it would be cut off before it could say why.
const shortestRetry = 20 * time.Millisecond

// patience says how often one call is tried, within the time that its context has. The zero value is for one try.
type patience struct {
	left []time.Duration
}

func newPatience() patience {
	return patience{pauses[:]}
}

// wait waits before the next try. Where there is none it answers the error that the call has come to: the one it is
// given, which will not pass or leaves no time, or that it was cancelled meanwhile.
func (p *patience) wait(ctx context.Context, err error) error {
	pause, ok := p.pause(err)
	if !ok {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause+shortestRetry {
		return err
	}
	slept := sleep(ctx, pause)
	// The pause took longer than it should: what the last try came to tells more.
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < shortest {
		return err
	}
	if !slept {
		return &Error{Code: codes.Canceled, Message: "cancelled before the next try: " + err.Error(), cause: ctx.Err()}
	}
	return nil
}

// pause is how long to wait behind an error; there is a next try only where the server was unavailable.
func (p *patience) pause(err error) (time.Duration, bool) {
	var failure *Error
	if len(p.left) == 0 || !errors.As(err, &failure) || failure.Code != codes.Unavailable {
		return 0, false
	}
	pause := time.Duration(float64(p.left[0]) * (1 - jitter + 2*jitter*rand.Float64()))
	p.left = p.left[1:]
	return max(pause, failure.RetryDelay), true
}

// sleep says whether it slept to the end: it ends with ctx.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
