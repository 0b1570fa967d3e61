package main

import (
	"context"
	"fmt"

	toolcrib "toolcrib.dev/go"
)

func (d *driver) call(asked command) (any, error) {
	crib := d.cribs[asked.Crib]
	switch asked.Component {
	case "Specimen":
		return callSpecimen(context.Background(), crib, asked)
	case "Slot":
		return callSlot(context.Background(), crib, asked)
	}
	return nil, unknown(asked.Component)
}

func (d *driver) watch(asked command) error {
	open := watchSpecimens
	if asked.Component == "Slot" {
		open = watchSlots
	}
	watch, err := open(context.Background(), d.cribs[asked.Crib], asked)
	if err != nil {
		return err
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.watches[asked.Watch] = watch
	return nil
}

func (d *driver) transaction(asked command) (any, error) {
	transaction := d.cribs[asked.Crib].Transaction()
	for _, required := range asked.Preconditions {
		require := requireSpecimen
		if required.Component == "Slot" {
			require = requireSlot
		}
		if err := require(transaction, required); err != nil {
			return nil, err
		}
	}
	var pending []func() any
	for _, each := range asked.Writes {
		gather := writeSpecimen
		if each.Component == "Slot" {
			gather = writeSlot
		}
		answer, err := gather(transaction, each)
		if err != nil {
			return nil, err
		}
		pending = append(pending, answer)
	}
	revision, err := transaction.Commit(context.Background())
	if err != nil {
		return nil, err
	}
	answers := []any{}
	for _, answer := range pending {
		answers = append(answers, answer())
	}
	return map[string]any{"revision": revision, "answers": answers}, nil
}

func condition(asked precondition) toolcrib.Condition {
	if asked.Etag != nil {
		return toolcrib.HasEtag(*asked.Etag)
	}
	return toolcrib.Exists(*asked.Exists)
}

func unknown(component string) error {
	return fmt.Errorf("there is no client of %s", component)
}
