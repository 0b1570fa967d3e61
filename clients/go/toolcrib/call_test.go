package toolcrib_test

import (
	"context"
	"errors"
	"iter"
	"regexp"
	"slices"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	toolcrib "toolcrib.dev/go"
	transactionv1 "toolcrib.dev/go/transaction/v1"
	watchv1 "toolcrib.dev/go/watch/v1"
)

var uuid7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// failing fails so often with an error, and then answers.
func failing(times int, err error) func(int) (*transactionv1.CommitTransactionResponse, error) {
	return func(number int) (*transactionv1.CommitTransactionResponse, error) {
		if number < times {
			return nil, err
		}
		return &transactionv1.CommitTransactionResponse{Revision: 7}, nil
	}
}

var unavailable = status.Error(codes.Unavailable, "the server stops")

func TestAReadIsTriedAgainWhileTheServerIsUnavailable(t *testing.T) {
	server := &fakeServer{onCommit: failing(2, unavailable)}
	revision, err := read(t.Context(), connected(t, server, toolcrib.Options{TryWritesOnce: true}))
	if revision != 7 || err != nil || len(server.commits) != 3 {
		t.Fatal(revision, err, len(server.commits))
	}
}

func TestAWriteIsTriedAgainUnderOneID(t *testing.T) {
	server := &fakeServer{onCommit: failing(2, unavailable)}
	_, err := write(t.Context(), connected(t, server, toolcrib.Options{}), &transactionv1.CommitTransactionRequest{})
	if err != nil || len(server.commits) != 3 {
		t.Fatal(err, len(server.commits))
	}
	for _, request := range server.commits {
		if request.RequestId != server.commits[0].RequestId || !uuid7.MatchString(request.RequestId) {
			t.Errorf("the id is %q", request.RequestId)
		}
	}
}

func TestAnIDThatIsGivenStays(t *testing.T) {
	server := &fakeServer{onCommit: failing(0, nil)}
	request := &transactionv1.CommitTransactionRequest{RequestId: "mine"}
	if _, err := write(t.Context(), connected(t, server, toolcrib.Options{}), request); err != nil {
		t.Fatal(err)
	}
	if server.commits[0].RequestId != "mine" {
		t.Error(server.commits[0].RequestId)
	}
}

func TestADryRunNeedsNoID(t *testing.T) {
	server := &fakeServer{onCommit: failing(1, unavailable)}
	request := &transactionv1.CommitTransactionRequest{ValidateOnly: true}
	_, err := write(t.Context(), connected(t, server, toolcrib.Options{}), request)
	if err != nil || len(server.commits) != 2 || server.commits[1].RequestId != "" {
		t.Fatal(err, server.commits)
	}
}

func TestAWriteIsTriedOnceWhereThatIsAskedFor(t *testing.T) {
	server := &fakeServer{onCommit: failing(1, unavailable)}
	crib := connected(t, server, toolcrib.Options{}).WithRetryWrites(false)
	_, err := write(t.Context(), crib, &transactionv1.CommitTransactionRequest{})
	if status.Code(err) != codes.Unavailable || len(server.commits) != 1 || server.commits[0].RequestId != "" {
		t.Fatal(err, server.commits)
	}
}

func TestWhatWillNotPassIsNotTriedAgain(t *testing.T) {
	server := &fakeServer{onCommit: failing(1, status.Error(codes.Aborted, "the etag is another one"))}
	if _, err := read(t.Context(), connected(t, server, toolcrib.Options{})); status.Code(err) != codes.Aborted {
		t.Error(err)
	}
	if len(server.commits) != 1 {
		t.Error("it was tried again")
	}
}

func TestTheServerSaysHowLongToWait(t *testing.T) {
	const delay = 300 * time.Millisecond
	said, _ := status.New(codes.Unavailable, "busy").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
	server := &fakeServer{onCommit: failing(1, said.Err())}
	crib := connected(t, server, toolcrib.Options{})
	begin := time.Now()
	if _, err := read(t.Context(), crib); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took < delay {
		t.Errorf("it waited only %v", took)
	}
}

func TestNothingIsTriedBehindTheDeadline(t *testing.T) {
	said, _ := status.New(codes.Unavailable, "busy").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Hour)})
	server := &fakeServer{onCommit: failing(9, said.Err())}
	_, err := read(t.Context(), connected(t, server, toolcrib.Options{}))
	var failure *toolcrib.Error
	if !errors.As(err, &failure) || failure.RetryDelay != time.Hour || len(server.commits) != 1 {
		t.Error(err, len(server.commits))
	}
}

func TestARetryHasTheTimeToBeAnswered(t *testing.T) {
	const delay = 500 * time.Millisecond
	said, _ := status.New(codes.Unavailable, "busy").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
	server := &fakeServer{onCommit: failing(1, said.Err())}
	_, err := read(t.Context(), connected(t, server, toolcrib.Options{Timeout: delay + 15*time.Millisecond}))
	if status.Code(err) != codes.Unavailable || len(server.commits) != 1 {
		t.Error(err, len(server.commits))
	}
}

// lateContext is over sooner than it said: so it is for who sleeps longer than asked for.
type lateContext struct {
	context.Context
}

func (c lateContext) Deadline() (time.Time, bool) {
	deadline, ok := c.Context.Deadline()
	if c.Err() == nil {
		deadline = deadline.Add(time.Hour)
	}
	return deadline, ok
}

func TestBehindAPauseThatTookTooLongTheLastTryIsWhatIsTold(t *testing.T) {
	said, _ := status.New(codes.Unavailable, "busy").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Minute)})
	server := &fakeServer{onCommit: failing(9, said.Err())}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := read(lateContext{ctx}, connected(t, server, toolcrib.Options{}))
	if status.Code(err) != codes.Unavailable || len(server.commits) != 1 {
		t.Error(err, len(server.commits))
	}
}

func TestWhoCancelsDoesNotWaitForTheNextTry(t *testing.T) {
	said, _ := status.New(codes.Unavailable, "busy").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Hour)})
	ctx, cancel := context.WithCancel(t.Context())
	server := &fakeServer{onCommit: func(int) (*transactionv1.CommitTransactionResponse, error) {
		time.AfterFunc(10*time.Millisecond, cancel)
		return nil, said.Err()
	}}
	crib := connected(t, server, toolcrib.Options{Timeout: toolcrib.NoTimeout})
	if _, err := read(ctx, crib); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTheDeadlineOfAContextGoesBeforeTheTimeout(t *testing.T) {
	server := &fakeServer{onCommit: failing(0, nil)}
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := read(ctx, connected(t, server, toolcrib.Options{})); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestACallWhoseTimeIsOverIsNotSent(t *testing.T) {
	server := &fakeServer{onCommit: failing(0, nil)}
	crib := connected(t, server, toolcrib.Options{}).WithTimeout(time.Microsecond)
	_, err := write(t.Context(), crib, &transactionv1.CommitTransactionRequest{})
	var failure *toolcrib.Error
	if !errors.As(err, &failure) || failure.Code != codes.DeadlineExceeded || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if len(server.commits) != 0 {
		t.Error(server.commits)
	}
}

func TestATimeoutOfNothingIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	server := &fakeServer{}
	crib := connected(t, server, toolcrib.Options{}).WithTimeout(0)
	_, called := read(t.Context(), crib)
	_, watched := crib.Watch(t.Context(), &watchv1.WatchRequest{}).Next()
	_, made := toolcrib.Connect(crib.Address(), toolcrib.Options{Timeout: -time.Second})
	for _, err := range []error{called, watched, made, crib.WaitReady(t.Context())} {
		if status.Code(err) != codes.InvalidArgument {
			t.Error(err)
		}
	}
}

func TestActorTenantAndReasonGoWithEachCall(t *testing.T) {
	server := &fakeServer{onCommit: failing(0, nil)}
	crib := connected(t, server, toolcrib.Options{Actor: "ann", Tenant: "north"})
	if _, err := read(t.Context(), crib.AsActor("Zoë").WithReason(" worn ")); err != nil {
		t.Fatal(err)
	}
	for key, wanted := range map[string]string{
		"x-actor-bin": "Zoë", "x-tenant": "north", "x-change-reason-bin": " worn ",
	} {
		if found := server.metadata.Get(key); !slices.Equal(found, []string{wanted}) {
			t.Errorf("%s is %q", key, found)
		}
	}
	if len(server.metadata.Get("x-actor")) != 0 {
		t.Error("the actor is said twice")
	}
}

func TestOptionsStayAsTheyAre(t *testing.T) {
	option := &transactionv1.CommitTransactionRequest{ValidateOnly: true}
	options := []*transactionv1.CommitTransactionRequest{option, nil, {RequestId: "later"}}
	request := toolcrib.Request(options)
	if !request.ValidateOnly || request.RequestId != "later" || option.RequestId != "" {
		t.Error(request, option)
	}
}

func pagesOf(fail error) iter.Seq2[int, error] {
	return toolcrib.Pages(func(token string) ([]int, string, error) {
		switch {
		case token == "":
			return []int{1, 2}, "next", nil
		case fail != nil:
			return nil, "", fail
		}
		return []int{3}, "", nil
	})
}

func TestAListGoesFromPageToPageAsOftenAsItIsAskedFor(t *testing.T) {
	pages := pagesOf(nil)
	for range 2 {
		if items, err := toolcrib.Collect(pages); err != nil || !slices.Equal(items, []int{1, 2, 3}) {
			t.Error(items, err)
		}
	}
}

func TestAListEndsWithItsError(t *testing.T) {
	if items, err := toolcrib.Collect(pagesOf(unavailable)); err != unavailable || !slices.Equal(items, []int{1, 2}) {
		t.Error(items, err)
	}
}

func TestAListAsksForNoMoreThanIsTaken(t *testing.T) {
	for item, err := range pagesOf(errors.New("asked for the second page")) {
		if err != nil {
			t.Fatal(err)
		}
		if item == 2 {
			break
		}
	}
}
