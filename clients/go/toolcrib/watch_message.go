package toolcrib

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	watchv1 "toolcrib.dev/go/watch/v1"
)

// WatchRequest is what the requests of all watches have.
type WatchRequest interface {
	proto.Message
	GetStart() *watchv1.Start
}

// WatchMessage is what the messages of all watches say: records of type R, changes of type C.
type WatchMessage[R, C any] interface {
	GetRecords() []R
	GetResumeToken() string
	GetRevision() int64
	GetKind() watchv1.MessageKind
	GetCommit() *watchv1.Commit
	GetChanges() []C
	GetContinues() bool
}

// ChangeMessage is what the changes in them say.
type ChangeMessage[R any] interface {
	GetKind() watchv1.ChangeKind
	GetRecord() R
	GetPrevious() R
}

// watchMessage is a message of any watch.
type watchMessage[R any] struct {
	kind        watchv1.MessageKind
	records     []R
	commit      *Commit[R]
	changes     []*Change[R]
	continues   bool
	resumeToken string
	revision    int64
}

func readMessage[R any, C ChangeMessage[R]](message WatchMessage[R, C]) *watchMessage[R] {
	read := &watchMessage[R]{
		kind:        message.GetKind(),
		records:     message.GetRecords(),
		commit:      readCommit[R](message.GetCommit()),
		continues:   message.GetContinues(),
		resumeToken: message.GetResumeToken(),
		revision:    message.GetRevision(),
	}
	for _, change := range message.GetChanges() {
		read.changes = append(read.changes, readChange[R](change))
	}
	return read
}

func readCommit[R any](message *watchv1.Commit) *Commit[R] {
	return &Commit[R]{
		Revision:    message.GetRevision(),
		Time:        message.GetCommitTime().AsTime(),
		Actor:       message.GetActor(),
		ActorSource: message.GetActorSource(),
		Reason:      message.GetReason(),
		Method:      message.GetMethod(),
	}
}

func readChange[R any, C ChangeMessage[R]](message C) *Change[R] {
	change := &Change[R]{Kind: message.GetKind(), Record: message.GetRecord(), Previous: message.GetPrevious()}
	if shared, ok := any(message).(*watchv1.Change); ok {
		change.Component, change.RecordKey = shared.GetComponent(), shared.GetRecordKey()
	}
	return change
}

// setStart makes the request begin behind a place that another stream has come to.
func setStart(request WatchRequest, resumeToken string) {
	message := request.ProtoReflect()
	field := message.Descriptor().Fields().ByName("start")
	message.Set(field, protoreflect.ValueOfMessage(Behind(resumeToken).ProtoReflect()))
}
