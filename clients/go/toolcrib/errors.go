package toolcrib

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"
)

// Error is what a call failed with.
//
//	var failure *toolcrib.Error
//	if errors.As(err, &failure) && failure.Code == codes.NotFound {
//		...
//	}
//
// Reason is for programs ("RECORD_DELETED"), Message for people, Metadata holds the facts behind both; docs/errors.md
// lists them. All but Code and Message are empty where the failure is not the server's word, such as a broken connection.
//
//	INVALID_ARGUMENT     the request is wrong; Violations names every field
//	NOT_FOUND            there is no such record, or it is deleted
//	ALREADY_EXISTS       the key or a unique value is taken
//	FAILED_PRECONDITION  the record's state, or a hook, forbids the change; Preconditions says more
//	ABORTED              the record has changed since it was read (etag): read it again, then decide
//	UNAUTHENTICATED      a write without an actor
//	RESOURCE_EXHAUSTED   a limit is reached: records, size of a message, disk
//	UNIMPLEMENTED        the server does not have the method; it may be older than this client
//	UNAVAILABLE          the server cannot be reached or cannot work now
//	DEADLINE_EXCEEDED    no answer in time; whether a write took place is not known
//	INTERNAL             a defect of the server or of a hook; the message has the incident's id
type Error struct {
	Code          codes.Code
	Reason        string
	Message       string
	Metadata      map[string]string
	Violations    []FieldViolation
	Preconditions []PreconditionViolation
	// Resource is the record that the error is about, or nil.
	Resource *Resource
	// RetryDelay is when to try again; 0 where the server says nothing of it.
	RetryDelay time.Duration

	cause error
}

// FieldViolation is one field that is wrong. Field is its path from the request, such as "requests[3].recipe.name".
type FieldViolation struct {
	Field, Description, Reason string
}

// PreconditionViolation is one condition that does not hold; Subject is what it is about, such as a record's key.
type PreconditionViolation struct {
	Type, Subject, Description string
}

// Resource is a record: the full name of the component's message, and the key as text.
type Resource struct {
	Type, Name string
}

// Error is the message, with code and reason.
func (e *Error) Error() string {
	name := code.Code(e.Code).String()
	if e.Reason != "" {
		name += ", " + e.Reason
	}
	return fmt.Sprintf("%s (%s)", e.Message, name)
}

// Unwrap is what gRPC, or the operating system, said.
func (e *Error) Unwrap() error {
	return e.cause
}

// Is says that a call that was cancelled, or ran out of time, is [context.Canceled] or [context.DeadlineExceeded].
func (e *Error) Is(target error) bool {
	return target == context.Canceled && e.Code == codes.Canceled ||
		target == context.DeadlineExceeded && e.Code == codes.DeadlineExceeded
}

// GRPCStatus makes [status.Code] and [status.FromError] work with it.
func (e *Error) GRPCStatus() *status.Status {
	if said, ok := status.FromError(e.cause); ok && said != nil {
		return said
	}
	return status.New(e.Code, e.Message)
}

// errorFromCall is what gRPC failed with at a method ("/package.Service/Method"), with the server's details read.
func errorFromCall(conn *grpc.ClientConn, method string, err error) error {
	if err == nil {
		return nil
	}
	said, _ := status.FromError(err)
	failure := &Error{Code: said.Code(), Message: said.Message(), cause: err}
	for _, detail := range said.Details() {
		failure.read(detail)
	}
	switch {
	case failure.Code == codes.Unimplemented && failure.Reason == "":
		failure.Message = fmt.Sprintf(
			"the server does not have the method %s; it may be older than this client (%s)", method, failure.Message)
	case failure.Code == codes.Canceled && conn.GetState() == connectivity.Shutdown:
		failure.Message = "the connection was closed"
	}
	return failure
}

// read takes in a detail. Those of others, such as a proxy, must not hide the error itself.
func (e *Error) read(detail any) {
	switch detail := detail.(type) {
	case *errdetails.ErrorInfo:
		e.Reason, e.Metadata = detail.Reason, detail.Metadata
	case *errdetails.BadRequest:
		for _, each := range detail.FieldViolations {
			e.Violations = append(e.Violations, FieldViolation{each.Field, each.Description, each.Reason})
		}
	case *errdetails.PreconditionFailure:
		for _, each := range detail.Violations {
			e.Preconditions = append(e.Preconditions, PreconditionViolation{each.Type, each.Subject, each.Description})
		}
	case *errdetails.ResourceInfo:
		e.Resource = &Resource{detail.ResourceType, detail.ResourceName}
	case *errdetails.RetryInfo:
		e.RetryDelay = detail.RetryDelay.AsDuration()
	}
}

// invalid is what is wrong before any call.
func invalid(cause error, format string, arguments ...any) *Error {
	return &Error{Code: codes.InvalidArgument, Message: fmt.Sprintf(format, arguments...), cause: cause}
}
