package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	toolcrib "toolcrib.dev/go"
)

// driver has what was made so far, by the names that the runner gave it.
type driver struct {
	mutex   sync.Mutex
	cribs   map[string]*toolcrib.Crib
	watches map[string]watching
}

// watching is a watch of any component.
type watching interface {
	snapshot() (any, error)
	next() (any, error)
	resumeToken() string
	end()
}

func newDriver() *driver {
	return &driver{cribs: map[string]*toolcrib.Crib{}, watches: map[string]watching{}}
}

// carryOut answers what encoding/json can write.
func (d *driver) carryOut(asked command) (any, error) {
	switch asked.Do {
	case "connect":
		return nil, d.connect(asked)
	case "view":
		d.cribs[asked.Crib] = view(d.cribs[asked.Of], asked)
		return nil, nil
	case "wait_ready":
		ctx, cancel := context.WithTimeout(context.Background(), seconds(*asked.TimeoutS))
		defer cancel()
		return nil, d.cribs[asked.Crib].WaitReady(ctx)
	case "close":
		return nil, d.cribs[asked.Crib].Close()
	case "call":
		return d.call(asked)
	case "watch":
		return nil, d.watch(asked)
	case "snapshot":
		return d.watched(asked.Watch).snapshot()
	case "next":
		commit, err := d.watched(asked.Watch).next()
		if err == io.EOF {
			return nil, nil
		}
		return commit, err
	case "resume_token":
		return d.watched(asked.Watch).resumeToken(), nil
	case "end":
		d.watched(asked.Watch).end()
		return nil, nil
	case "transaction":
		return d.transaction(asked)
	}
	return nil, fmt.Errorf("the driver cannot %s", asked.Do)
}

func (d *driver) connect(asked command) error {
	options := toolcrib.Options{TryWritesOnce: asked.RetryWrites != nil && !*asked.RetryWrites}
	if asked.Actor != nil {
		options.Actor = *asked.Actor
	}
	if asked.Tenant != nil {
		options.Tenant = *asked.Tenant
	}
	if asked.TimeoutS != nil {
		options.Timeout = seconds(*asked.TimeoutS)
	}
	if asked.TLS != nil {
		files := toolcrib.TLSFiles{
			Root:        asked.TLS.RootCertificates,
			Certificate: asked.TLS.Certificate,
			Key:         asked.TLS.Key,
			ServerName:  asked.TLS.ServerName,
		}
		config, err := files.Config()
		if err != nil {
			return err
		}
		options.TLS = config
	}
	crib, err := toolcrib.Connect(asked.Address, options)
	if err != nil {
		return err
	}
	d.cribs[asked.Crib] = crib
	return nil
}

func view(crib *toolcrib.Crib, asked command) *toolcrib.Crib {
	if asked.Actor != nil {
		crib = crib.AsActor(*asked.Actor)
	}
	if asked.Tenant != nil {
		crib = crib.AsTenant(*asked.Tenant)
	}
	if asked.Reason != nil {
		crib = crib.WithReason(*asked.Reason)
	}
	if asked.TimeoutS != nil {
		crib = crib.WithTimeout(seconds(*asked.TimeoutS))
	}
	if asked.RetryWrites != nil {
		crib = crib.WithRetryWrites(*asked.RetryWrites)
	}
	return crib
}

func seconds(count float64) time.Duration {
	return time.Duration(count * float64(time.Second))
}

func (d *driver) watched(name string) watching {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.watches[name]
}
