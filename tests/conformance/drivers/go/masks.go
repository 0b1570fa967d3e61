package main

import (
	"encoding/json"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	toolcrib "toolcrib.dev/go"
)

// Go's JSON of protobuf does not read the mask "*", which a program writes as toolcrib.Mask("*").

// withoutStars takes such masks out of a request, and of those within a batch: -1 stands for the request itself.
func withoutStars(content json.RawMessage) (json.RawMessage, []int, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(content, &fields); err != nil {
		return nil, nil, err
	}
	var starred []int
	for _, name := range slices.Collect(maps.Keys(fields)) {
		if (name == "update_mask" || name == "updateMask") && string(fields[name]) == `"*"` {
			delete(fields, name)
			starred = append(starred, -1)
		}
	}
	var batch []json.RawMessage
	if requests, ok := fields["requests"]; ok {
		if err := json.Unmarshal(requests, &batch); err != nil {
			return nil, nil, err
		}
		for index, each := range batch {
			rest, stars, err := withoutStars(each)
			if err != nil {
				return nil, nil, err
			}
			batch[index] = rest
			if len(stars) > 0 {
				starred = append(starred, index)
			}
		}
		rest, err := json.Marshal(batch)
		if err != nil {
			return nil, nil, err
		}
		fields["requests"] = rest
	}
	rest, err := json.Marshal(fields)
	return rest, starred, err
}

// star gives the mask "*" to those that it was taken from.
func star(request proto.Message, starred []int) {
	message := request.ProtoReflect()
	for _, index := range starred {
		target := message
		if index >= 0 {
			requests := message.Descriptor().Fields().ByName("requests")
			target = message.Get(requests).List().Get(index).Message()
		}
		mask := target.Descriptor().Fields().ByName("update_mask")
		target.Set(mask, protoreflect.ValueOfMessage(toolcrib.Mask("*").ProtoReflect()))
	}
}
