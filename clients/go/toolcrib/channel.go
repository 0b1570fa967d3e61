package toolcrib

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

const (
	// A page of a thousand records may be larger than the 4 MiB that gRPC takes by default.
	answerBytesMax = 64 << 20
	// What a watch that nobody reads may hold in memory, besides one message. gRPC would let it grow to 16 MiB.
	streamWindowBytes = 1 << 20
)

// TLSFiles are the PEM files for TLS to the server; with a certificate and its key, for mutual TLS.
type TLSFiles struct {
	// Root holds the authorities to trust; empty means the machine's own, which will not know a plant's.
	Root string
	// Certificate and Key are the client's; both or neither.
	Certificate, Key string
	// ServerName is the name in the server's certificate, where it is not the one in the address.
	ServerName string
}

// Config reads the files. It fails with the code INVALID_ARGUMENT.
func (f TLSFiles) Config() (*tls.Config, error) {
	config := &tls.Config{ServerName: f.ServerName, MinVersion: tls.VersionTLS12}
	if (f.Certificate == "") != (f.Key == "") {
		return nil, invalid(nil, "a client certificate needs its key, and a key its certificate: give both or neither")
	}
	if f.Root != "" {
		content, err := os.ReadFile(f.Root)
		if err != nil {
			return nil, invalid(err, "the root certificates cannot be read: %v", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(content) {
			return nil, invalid(nil, "%s holds no certificate in PEM", f.Root)
		}
	}
	if f.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
		if err != nil {
			return nil, invalid(err, "the client's certificate and key cannot be read: %v", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func dialOptions(config *tls.Config) []grpc.DialOption {
	transport := insecure.NewCredentials()
	if config != nil {
		transport = credentials.NewTLS(config)
	}
	return []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(answerBytesMax)),
		// A server that restarts is found again at once; gRPC's own pauses grow to two minutes.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 20 * time.Second,
		}),
		// A connection that is lost without a word, its cable pulled, is noticed also by who only waits.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithStaticStreamWindowSize(streamWindowBytes),
		// The server is a machine of the plant; a proxy set for web browsing does not lead there, and its name has no
		// settings of gRPC in the DNS.
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithUnaryInterceptor(unaryErrors),
		grpc.WithStreamInterceptor(streamErrors),
	}
}

// unaryErrors makes an [*Error] of what a call fails with.
func unaryErrors(
	ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	return errorFromCall(conn, method, invoke(ctx, method, request, reply, conn, options...))
}

// streamErrors does the same for streams, which fail where they are begun and where they are read.
func streamErrors(
	ctx context.Context, description *grpc.StreamDesc, conn *grpc.ClientConn, method string, begin grpc.Streamer, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	stream, err := begin(ctx, description, conn, method, options...)
	if err != nil {
		return nil, errorFromCall(conn, method, err)
	}
	return failingStream{stream, conn, method}, nil
}

type failingStream struct {
	grpc.ClientStream
	conn   *grpc.ClientConn
	method string
}

func (s failingStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if errors.Is(err, io.EOF) {
		return err
	}
	return errorFromCall(s.conn, s.method, err)
}
