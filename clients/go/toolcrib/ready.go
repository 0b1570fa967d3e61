package toolcrib

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
)

const (
	checkTimeout = 2 * time.Second
	checkPause   = 100 * time.Millisecond
)

// WaitReady waits until the server serves and its database answers, as long as a call may take. It fails with the code
// UNAVAILABLE after that, and at once where no waiting will help.
func (c *Crib) WaitReady(ctx context.Context) error {
	if err := c.settings.check(); err != nil {
		return err
	}
	ctx, cancel := c.settings.limited(ctx)
	defer cancel()
	health := grpc_health_v1.NewHealthClient(c.conn)
	begin := time.Now()
	last := "it says that it is not serving"
	for {
		ready, err := isServing(c.settings.outgoing(ctx), health)
		if ready {
			return nil
		}
		var failure *Error
		if errors.As(err, &failure) {
			if ctx.Err() == nil && failure.Code != codes.Unavailable && failure.Code != codes.DeadlineExceeded {
				return err
			}
			last = failure.Message
		} else {
			last = "it says that it is not serving"
		}
		if !sleep(ctx, checkPause) {
			return c.notReady(ctx, time.Since(begin), last)
		}
	}
}

func isServing(ctx context.Context, health grpc_health_v1.HealthClient) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	answer, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	var failure *Error
	if errors.As(err, &failure) && failure.Code == codes.Unimplemented {
		// It has no health service, but it answers.
		return true, nil
	}
	return answer.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING, err
}

func (c *Crib) notReady(ctx context.Context, waited time.Duration, last string) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &Error{Code: codes.Canceled, Message: "waiting for the server was cancelled", cause: ctx.Err()}
	}
	return &Error{Code: codes.Unavailable, Message: fmt.Sprintf(
		"the server at %s was not ready within %v: %s", c.Address(), waited.Round(time.Millisecond), last)}
}
