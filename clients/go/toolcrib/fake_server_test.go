package toolcrib_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	toolcrib "toolcrib.dev/go"
	transactionv1 "toolcrib.dev/go/transaction/v1"
	watchv1 "toolcrib.dev/go/watch/v1"
)

// fakeServer answers as a test says: its functions are given how often they were asked before. What was asked is kept.
type fakeServer struct {
	transactionv1.UnimplementedTransactionServiceServer
	watchv1.UnimplementedWatchServiceServer

	onCommit func(number int) (*transactionv1.CommitTransactionResponse, error)
	onWatch  func(number int, stream grpc.ServerStreamingServer[watchv1.WatchResponse]) error
	onCheck  func(number int) (*grpc_health_v1.HealthCheckResponse, error)

	mutex    sync.Mutex
	commits  []*transactionv1.CommitTransactionRequest
	watches  []*watchv1.WatchRequest
	checks   int
	metadata metadata.MD
}

func (s *fakeServer) CommitTransaction(
	ctx context.Context, request *transactionv1.CommitTransactionRequest,
) (*transactionv1.CommitTransactionResponse, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.metadata, _ = metadata.FromIncomingContext(ctx)
	s.commits = append(s.commits, request)
	return s.onCommit(len(s.commits) - 1)
}

func (s *fakeServer) Watch(request *watchv1.WatchRequest, stream grpc.ServerStreamingServer[watchv1.WatchResponse]) error {
	s.mutex.Lock()
	number := len(s.watches)
	s.watches = append(s.watches, request)
	s.mutex.Unlock()
	return s.onWatch(number, stream)
}

// fakeHealth is the server's own health service, which has a Watch of another kind.
type fakeHealth struct {
	grpc_health_v1.UnimplementedHealthServer
	server *fakeServer
}

func (h fakeHealth) Check(
	context.Context, *grpc_health_v1.HealthCheckRequest,
) (*grpc_health_v1.HealthCheckResponse, error) {
	h.server.mutex.Lock()
	defer h.server.mutex.Unlock()
	h.server.checks++
	return h.server.onCheck(h.server.checks - 1)
}

// connected serves until the test ends; it answers a connection.
func connected(t *testing.T, server *fakeServer, options toolcrib.Options) *toolcrib.Crib {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving := grpc.NewServer()
	transactionv1.RegisterTransactionServiceServer(serving, server)
	watchv1.RegisterWatchServiceServer(serving, server)
	if server.onCheck != nil {
		grpc_health_v1.RegisterHealthServer(serving, fakeHealth{server: server})
	}
	go func() {
		// It ends with the test.
		_ = serving.Serve(listener)
	}()
	t.Cleanup(serving.Stop)
	return connect(t, listener.Addr().String(), options)
}

func connect(t *testing.T, address string, options toolcrib.Options) *toolcrib.Crib {
	t.Helper()
	crib, err := toolcrib.Connect(address, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// A test may have closed it itself.
		_ = crib.Close()
	})
	return crib
}

// write is a call that changes something.
func write(ctx context.Context, crib *toolcrib.Crib, request *transactionv1.CommitTransactionRequest) (int64, error) {
	stub := transactionv1.NewTransactionServiceClient(crib.Conn())
	answer, err := toolcrib.Write(ctx, crib, stub.CommitTransaction, request)
	return answer.GetRevision(), err
}

// read is the same call, as one that changes nothing.
func read(ctx context.Context, crib *toolcrib.Crib) (int64, error) {
	stub := transactionv1.NewTransactionServiceClient(crib.Conn())
	answer, err := toolcrib.Read(ctx, crib, stub.CommitTransaction, &transactionv1.CommitTransactionRequest{})
	return answer.GetRevision(), err
}
