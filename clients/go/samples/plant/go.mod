module toolcrib.dev/samples/plant

go 1.26.0

replace (
	toolcrib.dev/components => ../../build/examples/go
	toolcrib.dev/go => ../../toolcrib
)

require (
	google.golang.org/grpc v1.85.0
	toolcrib.dev/components v0.0.0
	toolcrib.dev/go v0.0.0
)

require (
	buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go v1.36.12-20260825204119-511051f7f437.2 // indirect
	github.com/google/uuid v1.6.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261019180522-ce908d29299b // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
