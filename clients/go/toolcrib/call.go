package toolcrib

import (
	"context"
	"iter"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// A call with less time is answered or not, as it happens.
const shortest = time.Millisecond

// WriteRequest is what the requests of all generated services say of a write.
type WriteRequest interface {
	proto.Message
	GetRequestId() string
	GetValidateOnly() bool
}

// Read calls a method of a stub that changes nothing; it tries again while the server is unavailable. It fails with an
// [*Error].
func Read[Q, A any](
	ctx context.Context, crib *Crib, method func(context.Context, Q, ...grpc.CallOption) (A, error), request Q,
) (A, error) {
	return try(ctx, crib.settings, newPatience(), method, request)
}

// Write calls a method of a stub that changes something; it tries again while the server is unavailable, unless the
// crib is not to. It gives the request an id unless it has one, under which the server does it once. It fails with an
// [*Error].
func Write[Q WriteRequest, A any](
	ctx context.Context, crib *Crib, method func(context.Context, Q, ...grpc.CallOption) (A, error), request Q,
) (A, error) {
	if !crib.settings.retryWrites {
		return try(ctx, crib.settings, patience{}, method, request)
	}
	// What is not written needs no id to be repeated.
	if request.GetRequestId() == "" && !request.GetValidateOnly() {
		setRequestID(request)
	}
	return try(ctx, crib.settings, newPatience(), method, request)
}

func try[Q, A any](
	ctx context.Context, settings settings, patience patience,
	method func(context.Context, Q, ...grpc.CallOption) (A, error), request Q,
) (A, error) {
	var none A
	if err := settings.check(); err != nil {
		return none, err
	}
	ctx, cancel := settings.limited(settings.outgoing(ctx))
	defer cancel()
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < shortest {
		return none, &Error{
			Code: codes.DeadlineExceeded, Message: "the time for the call was over before it was sent; give it more",
			cause: context.DeadlineExceeded,
		}
	}
	for {
		answer, err := method(ctx, request)
		if err != nil {
			err = patience.wait(ctx, err)
			if err == nil {
				continue
			}
		}
		return answer, err
	}
}

// setRequestID gives the request an id that begins with the time: such ids lie side by side in the server's index,
// whose pages are so written less often.
func setRequestID(request proto.Message) {
	message := request.ProtoReflect()
	field := message.Descriptor().Fields().ByName("request_id")
	message.Set(field, protoreflect.ValueOfString(uuid.Must(uuid.NewV7()).String()))
}

// Request is a request with the fields that are set in options, of which a later one goes before an earlier one. The
// options themselves stay as they are. Generated clients begin with it.
func Request[T any, P interface {
	*T
	proto.Message
}](options []P) P {
	request := P(new(T))
	for _, option := range options {
		proto.Merge(request, option)
	}
	return request
}

// Pages iterates over what is listed; it asks for page after page, as they are needed. The fetch function is given the
// token of a page, empty for the first, and answers its items and the token of the next.
func Pages[T any](fetch func(token string) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for token := ""; ; {
			items, next, err := fetch(token)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if token = next; token == "" {
				return
			}
		}
	}
}

// Collect is all that a list iterates over, or the error that it came to.
//
//	recipes, err := toolcrib.Collect(client.List(ctx))
func Collect[T any](items iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range items {
		if err != nil {
			return all, err
		}
		all = append(all, item)
	}
	return all, nil
}

// Mask names fields, for an update or for what is to be read; "*" is all of them.
func Mask(paths ...string) *fieldmaskpb.FieldMask {
	return &fieldmaskpb.FieldMask{Paths: paths}
}
