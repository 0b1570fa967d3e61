// Package toolcrib is the runtime of the generated Go clients of a Toolcrib server: the connection, its errors, watches
// and transactions.
//
//	crib, err := toolcrib.Connect("127.0.0.1:50051", toolcrib.Options{Actor: "ann"})
//	if err != nil {
//		return err
//	}
//	defer crib.Close()
//	recipe, err := recipesv1.NewRecipeClient(crib).Create(ctx, &recipesv1.Recipe{Name: "Bracket", SpeedMmS: 120})
//
// The typed clients of components (RecipeClient) are generated. Every call takes a context first and fails with an
// [*Error].
package toolcrib

import (
	"cmp"
	"crypto/tls"
	"time"

	"google.golang.org/grpc"
)

// DefaultTimeout is how long a call may take, its retries included, where nobody says otherwise.
const DefaultTimeout = 10 * time.Second

// NoTimeout lets calls take as long as they take.
const NoTimeout time.Duration = -1

// Options say how to connect, and what goes with each call. The zero value is a connection without TLS that names no
// actor.
type Options struct {
	// Actor is in whose name calls are made; empty leaves it to the certificate or the server's settings.
	Actor string
	// Tenant is whose records calls are about, where each is a tenant's own; empty leaves it to the certificate.
	Tenant string
	// Timeout is how long a call may take, its retries included, where its context has no deadline. Zero means
	// [DefaultTimeout]; see [NoTimeout].
	Timeout time.Duration
	// TryWritesOnce leaves out what makes writes safe to repeat: a write that lost its connection fails, and may have
	// been done. Without it such a write is tried again under the same id, so that it is done once.
	TryWritesOnce bool
	// TLS encrypts, nothing is encrypted without; [TLSFiles] makes it of PEM files. With a certificate of the
	// client's own, the name in that is the actor.
	TLS *tls.Config
}

// Crib is a connection to a Toolcrib server, and what goes with each call over it. It may be used from several
// goroutines, and is best kept open.
//
// A view with another setting is cheap: it shares the connection, and closing either closes both.
type Crib struct {
	conn     *grpc.ClientConn
	settings settings
}

// Connect connects to "host:port", or "unix:/path". The connection itself is made with the first call. It fails with
// the code INVALID_ARGUMENT where the address is none, or the timeout cannot be meant.
func Connect(address string, options Options) (*Crib, error) {
	settings := settings{
		actor:       options.Actor,
		tenant:      options.Tenant,
		timeout:     cmp.Or(options.Timeout, DefaultTimeout),
		retryWrites: !options.TryWritesOnce,
	}
	if err := settings.check(); err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(address, dialOptions(options.TLS)...)
	if err != nil {
		return nil, invalid(err, "%q is no address of a server: %v; write it like 127.0.0.1:50051", address, err)
	}
	return &Crib{conn, settings}, nil
}

// Close closes the connection, also for the views that share it. Watches over it end.
func (c *Crib) Close() error {
	return c.conn.Close()
}

// Conn is gRPC's connection, for stubs. Calls that are made without [Read] and [Write] carry neither the actor nor a
// timeout.
func (c *Crib) Conn() grpc.ClientConnInterface {
	return c.conn
}

// Address is where the server is.
func (c *Crib) Address() string {
	return c.conn.Target()
}

// AsActor is a view that calls in the name of actor.
func (c *Crib) AsActor(actor string) *Crib {
	view := *c
	view.settings.actor = actor
	return &view
}

// AsTenant is a view whose calls are about the records of tenant.
func (c *Crib) AsTenant(tenant string) *Crib {
	view := *c
	view.settings.tenant = tenant
	return &view
}

// WithReason is a view whose changes are made for reason; it stands in their audit entries.
func (c *Crib) WithReason(reason string) *Crib {
	view := *c
	view.settings.reason = reason
	return &view
}

// WithTimeout is a view whose calls may take so long, their retries included, where their context has no deadline; see
// [NoTimeout]. With any other time that is not more than nothing they fail with the code INVALID_ARGUMENT.
func (c *Crib) WithTimeout(timeout time.Duration) *Crib {
	view := *c
	view.settings.timeout = timeout
	return &view
}

// WithRetryWrites is a view whose writes are tried again while the server is unavailable, each done once; or never.
func (c *Crib) WithRetryWrites(retryWrites bool) *Crib {
	view := *c
	view.settings.retryWrites = retryWrites
	return &view
}
