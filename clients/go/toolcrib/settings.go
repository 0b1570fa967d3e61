package toolcrib

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"
)

// settings go with each call: in whose name it is made and for which tenant, why, and how long it may take.
type settings struct {
	actor       string
	tenant      string
	reason      string
	timeout     time.Duration
	retryWrites bool
}

// outgoing is ctx with actor, tenant and reason as the server reads them.
func (s settings) outgoing(ctx context.Context) context.Context {
	for _, entry := range [...]struct{ key, text string }{
		{"x-actor", s.actor},
		{"x-tenant", s.tenant},
		{"x-change-reason", s.reason},
	} {
		switch {
		case entry.text == "":
		case isPlain(entry.text):
			ctx = metadata.AppendToOutgoingContext(ctx, entry.key, entry.text)
		default:
			ctx = metadata.AppendToOutgoingContext(ctx, entry.key+"-bin", entry.text)
		}
	}
	return ctx
}

// check says whether the timeout can be meant.
func (s settings) check() error {
	if s.timeout <= 0 && s.timeout != NoTimeout {
		return invalid(nil, "the timeout is %v; it must be more than nothing, or toolcrib.NoTimeout", s.timeout)
	}
	return nil
}

// limited is ctx with the timeout, unless ctx has a deadline of its own.
func (s settings) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok || s.timeout == NoTimeout {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, s.timeout)
}

// isPlain says whether text can be the value of an HTTP header as it is.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return strings.TrimSpace(text) == text
}
