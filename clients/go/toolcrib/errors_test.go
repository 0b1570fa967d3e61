package toolcrib_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	toolcrib "toolcrib.dev/go"
	auditv1 "toolcrib.dev/go/audit/v1"
)

func TestAnErrorHasAllThatTheServerSays(t *testing.T) {
	said, err := status.New(codes.InvalidArgument, "the record breaks its rules").WithDetails(
		&errdetails.ErrorInfo{Reason: "INVALID_RECORD", Domain: "toolcrib.dev", Metadata: map[string]string{"index": "3"}},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: "recipe.name", Description: "is too short", Reason: "string.min_len"},
		}},
		&errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{
			{Type: "STATE", Subject: "7", Description: "is deleted"},
		}},
		&errdetails.ResourceInfo{ResourceType: "plant.recipes.v1.Recipe", ResourceName: "7"},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(2 * time.Second)},
	)
	if err != nil {
		t.Fatal(err)
	}
	server := &fakeServer{onCommit: failing(1, said.Err())}
	_, err = read(t.Context(), connected(t, server, toolcrib.Options{}))
	var failure *toolcrib.Error
	if !errors.As(fmt.Errorf("while tooling: %w", err), &failure) {
		t.Fatal(err)
	}
	if code := status.Code(err); code != codes.InvalidArgument || failure.Code != code {
		t.Error(code, failure.Code)
	}
	if failure.Reason != "INVALID_RECORD" || failure.Metadata["index"] != "3" || failure.RetryDelay != 2*time.Second {
		t.Errorf("%+v", failure)
	}
	if wanted := []toolcrib.FieldViolation{{"recipe.name", "is too short", "string.min_len"}}; !reflect.DeepEqual(failure.Violations, wanted) {
		t.Error(failure.Violations)
	}
	if wanted := []toolcrib.PreconditionViolation{{"STATE", "7", "is deleted"}}; !reflect.DeepEqual(failure.Preconditions, wanted) {
		t.Error(failure.Preconditions)
	}
	if wanted := (toolcrib.Resource{Type: "plant.recipes.v1.Recipe", Name: "7"}); failure.Resource == nil || *failure.Resource != wanted {
		t.Error(failure.Resource)
	}
	if text := err.Error(); text != "the record breaks its rules (INVALID_ARGUMENT, INVALID_RECORD)" {
		t.Error(text)
	}
}

func TestAMethodThatTheServerDoesNotHaveIsNamed(t *testing.T) {
	crib := connected(t, &fakeServer{}, toolcrib.Options{})
	stub := auditv1.NewAuditServiceClient(crib.Conn())
	_, err := toolcrib.Read(t.Context(), crib, stub.ListAuditEntries, &auditv1.ListAuditEntriesRequest{})
	var failure *toolcrib.Error
	if !errors.As(err, &failure) || failure.Code != codes.Unimplemented {
		t.Fatal(err)
	}
	for _, words := range []string{"/toolcrib.audit.v1.AuditService/ListAuditEntries", "may be older than this client"} {
		if !strings.Contains(failure.Message, words) {
			t.Error(failure.Message)
		}
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	if _, err := toolcrib.Connect("127.0.0.1:\x00", toolcrib.Options{}); status.Code(err) != codes.InvalidArgument {
		t.Error(err)
	}
}

func TestACertificateNeedsItsKey(t *testing.T) {
	_, err := toolcrib.TLSFiles{Certificate: "client.pem"}.Config()
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "needs its key") {
		t.Error(err)
	}
}
