package toolcrib_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	toolcrib "toolcrib.dev/go"
)

func serving(is bool) *grpc_health_v1.HealthCheckResponse {
	if is {
		return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING}
}

func TestReadyIsWhoSaysThatItServes(t *testing.T) {
	server := &fakeServer{onCheck: func(number int) (*grpc_health_v1.HealthCheckResponse, error) {
		return serving(number == 2), nil
	}}
	if err := connected(t, server, toolcrib.Options{}).WaitReady(t.Context()); err != nil || server.checks != 3 {
		t.Error(err, server.checks)
	}
}

func TestReadyIsAlsoWhoHasNoHealthService(t *testing.T) {
	if err := connected(t, &fakeServer{}, toolcrib.Options{}).WaitReady(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWaitingForAServerEndsWithWhyItIsNotReady(t *testing.T) {
	server := &fakeServer{onCheck: func(int) (*grpc_health_v1.HealthCheckResponse, error) { return serving(false), nil }}
	err := connected(t, server, toolcrib.Options{Timeout: 300 * time.Millisecond}).WaitReady(t.Context())
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "it says that it is not serving") {
		t.Error(err)
	}
}

func TestWhatWillNotPassEndsTheWaitingAtOnce(t *testing.T) {
	server := &fakeServer{onCheck: func(int) (*grpc_health_v1.HealthCheckResponse, error) {
		return nil, status.Error(codes.PermissionDenied, "not you")
	}}
	err := connected(t, server, toolcrib.Options{}).WaitReady(t.Context())
	if status.Code(err) != codes.PermissionDenied || server.checks != 1 {
		t.Error(err, server.checks)
	}
}

func TestWaitingForAServerIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := &fakeServer{onCheck: func(int) (*grpc_health_v1.HealthCheckResponse, error) {
		cancel()
		return serving(false), nil
	}}
	if err := connected(t, server, toolcrib.Options{}).WaitReady(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
