package toolcrib

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	transactionv1 "toolcrib.dev/go/transaction/v1"
)

// Transaction gathers writes, of any components, which are one commit: all of them or none.
//
//	transaction := crib.Transaction()
//	recipe := recipesv1.NewRecipeWrites(transaction).Create(&recipesv1.Recipe{Name: "Bracket", SpeedMmS: 120})
//	toolsv1.NewToolOffsetWrites(transaction).Delete(7)
//	revision, err := transaction.Commit(ctx)
//	...
//	fmt.Println(recipe.Value().GetId(), revision)
//
// The types that gather writes are generated, one for each component. A transaction is used by one goroutine.
type Transaction struct {
	crib    *Crib
	request transactionv1.CommitTransactionRequest
	pending []func(*anypb.Any) error
	err     error
}

// Pending is the answer to a write, once its transaction is committed.
type Pending[A proto.Message] struct {
	value A
}

// Value is the answer; nil before the commit.
func (p *Pending[A]) Value() A {
	return p.value
}

// Condition is what must be so of a record before the first write of a transaction.
type Condition struct {
	precondition *transactionv1.Precondition
}

// Exists requires that the record is there, or that it is not.
func Exists(exists bool) Condition {
	return Condition{&transactionv1.Precondition{Condition: &transactionv1.Precondition_Exists{Exists: exists}}}
}

// HasEtag requires that the record has this etag: that it is as it was when it was read.
func HasEtag(etag string) Condition {
	return Condition{&transactionv1.Precondition{Condition: &transactionv1.Precondition_Etag{Etag: etag}}}
}

// Transaction begins a transaction. Nothing is sent before it is committed.
func (c *Crib) Transaction() *Transaction {
	return &Transaction{crib: c}
}

// Add adds a request of a component's service that writes, which answers an A. Generated types end in it.
func Add[A proto.Message](transaction *Transaction, request proto.Message) *Pending[A] {
	pending := new(Pending[A])
	packed, err := anypb.New(request)
	if err != nil {
		transaction.fail(err)
		return pending
	}
	transaction.request.Requests = append(transaction.request.Requests, packed)
	transaction.pending = append(transaction.pending, func(answer *anypb.Any) error {
		message := pending.value.ProtoReflect().New().Interface()
		if err := answer.UnmarshalTo(message); err != nil {
			return err
		}
		pending.value = message.(A)
		return nil
	})
	return pending
}

// Require says what must be so, before the first write, of the record that the request, of its component's service, gets.
func (t *Transaction) Require(record proto.Message, condition Condition) {
	packed, err := anypb.New(record)
	if err != nil {
		t.fail(err)
		return
	}
	required := &transactionv1.Precondition{Record: packed, Condition: condition.precondition.GetCondition()}
	t.request.Preconditions = append(t.request.Preconditions, required)
}

// Commit carries out what was gathered, and answers the commit's revision, 0 if nothing changed. Where it fails, with
// an [*Error], nothing was written. Nothing is asked where nothing was gathered.
func (t *Transaction) Commit(ctx context.Context, options ...*transactionv1.CommitTransactionRequest) (int64, error) {
	if t.err != nil {
		return 0, t.err
	}
	if len(t.request.Requests) == 0 && len(t.request.Preconditions) == 0 {
		return 0, nil
	}
	request := Request(options)
	proto.Merge(request, &t.request)
	stub := transactionv1.NewTransactionServiceClient(t.crib.conn)
	response, err := Write(ctx, t.crib, stub.CommitTransaction, request)
	if err != nil {
		return 0, err
	}
	return response.GetRevision(), t.receive(response.GetResponses())
}

func (t *Transaction) receive(answers []*anypb.Any) error {
	for index, answer := range answers[:min(len(answers), len(t.pending))] {
		if err := t.pending[index](answer); err != nil {
			return invalid(err, "the answer to write %d of the transaction, which is committed, is not what it should be: %v", index, err)
		}
	}
	return nil
}

// fail keeps the first error until the commit.
func (t *Transaction) fail(err error) {
	if t.err == nil {
		t.err = invalid(err, "a request of the transaction cannot be sent: %v", err)
	}
}
