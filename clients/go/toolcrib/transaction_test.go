package toolcrib_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	toolcrib "toolcrib.dev/go"
	transactionv1 "toolcrib.dev/go/transaction/v1"
	watchv1 "toolcrib.dev/go/watch/v1"
)

func TestAnswersAreThereBehindTheCommit(t *testing.T) {
	answer, err := anypb.New(&watchv1.Commit{Actor: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	server := &fakeServer{onCommit: func(int) (*transactionv1.CommitTransactionResponse, error) {
		return &transactionv1.CommitTransactionResponse{Revision: 9, Responses: []*anypb.Any{answer}}, nil
	}}
	transaction := connected(t, server, toolcrib.Options{}).Transaction()
	transaction.Require(&watchv1.Start{}, toolcrib.HasEtag("5"))
	transaction.Require(&watchv1.Start{}, toolcrib.Exists(false))
	pending := toolcrib.Add[*watchv1.Commit](transaction, &watchv1.Change{RecordKey: "7"})
	if pending.Value() != nil {
		t.Error("there is an answer before the commit")
	}
	revision, err := transaction.Commit(t.Context())
	if err != nil || revision != 9 || pending.Value().GetActor() != "ann" {
		t.Error(revision, err, pending.Value())
	}
	sent := server.commits[0]
	if len(sent.Requests) != 1 || sent.RequestId == "" || sent.Preconditions[0].GetEtag() != "5" {
		t.Error(sent)
	}
	if _, ok := sent.Preconditions[1].Condition.(*transactionv1.Precondition_Exists); !ok {
		t.Error(sent.Preconditions[1])
	}
}

func TestNothingIsAskedWhereNothingWasGathered(t *testing.T) {
	server := &fakeServer{}
	if revision, err := connected(t, server, toolcrib.Options{}).Transaction().Commit(t.Context()); revision != 0 || err != nil {
		t.Error(revision, err)
	}
	if len(server.commits) != 0 {
		t.Error("the server was asked")
	}
}

func TestATransactionThatIsRefusedHasNoAnswers(t *testing.T) {
	server := &fakeServer{onCommit: failing(1, status.Error(codes.FailedPrecondition, "deleted"))}
	transaction := connected(t, server, toolcrib.Options{}).Transaction()
	pending := toolcrib.Add[*watchv1.Commit](transaction, &watchv1.Change{})
	_, err := transaction.Commit(t.Context())
	if status.Code(err) != codes.FailedPrecondition || pending.Value() != nil {
		t.Error(err, pending.Value())
	}
}
