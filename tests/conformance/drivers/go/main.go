// Command driver carries out what the conformance runner asks, by the Go clients; see tests/conformance/README.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// One line holds a command with all that it sends.
const commandBytesMax = 256 << 20

// command is one line of the input, with what any command may have.
type command struct {
	ID            json.Number     `json:"id"`
	Do            string          `json:"do"`
	Crib          string          `json:"crib"`
	Of            string          `json:"of"`
	Address       string          `json:"address"`
	Actor         *string         `json:"actor"`
	Tenant        *string         `json:"tenant"`
	Reason        *string         `json:"reason"`
	TimeoutS      *float64        `json:"timeout_s"`
	RetryWrites   *bool           `json:"retry_writes"`
	TLS           *tlsFiles       `json:"tls"`
	Component     string          `json:"component"`
	Method        string          `json:"method"`
	Request       json.RawMessage `json:"request"`
	Limit         *int            `json:"limit"`
	Watch         string          `json:"watch"`
	Writes        []write         `json:"writes"`
	Preconditions []precondition  `json:"preconditions"`
}

type tlsFiles struct {
	RootCertificates string `json:"root_certificates"`
	Certificate      string `json:"certificate"`
	Key              string `json:"key"`
	ServerName       string `json:"server_name"`
}

type write struct {
	Component string          `json:"component"`
	Method    string          `json:"method"`
	Request   json.RawMessage `json:"request"`
}

type precondition struct {
	Component string          `json:"component"`
	Request   json.RawMessage `json:"request"`
	Exists    *bool           `json:"exists"`
	Etag      *string         `json:"etag"`
}

func main() {
	driver := newDriver()
	output := &output{encoder: json.NewEncoder(os.Stdout)}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, commandBytesMax)
	for lines.Scan() {
		var asked command
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, "driver: not a command:", err)
			os.Exit(2)
		}
		// These wait for what others do: meanwhile the driver goes on.
		if asked.Do == "next" || asked.Do == "snapshot" {
			go output.answer(asked.ID, driver, asked)
		} else {
			output.answer(asked.ID, driver, asked)
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "driver:", err)
		os.Exit(2)
	}
}

// output writes answers, one at a time.
type output struct {
	mutex   sync.Mutex
	encoder *json.Encoder
}

func (o *output) answer(id json.Number, driver *driver, asked command) {
	line := map[string]any{"id": id}
	if answer, err := driver.carryOut(asked); err != nil {
		line["error"] = errorJSON(err)
	} else {
		line["answer"] = answer
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if err := o.encoder.Encode(line); err != nil {
		fmt.Fprintln(os.Stderr, "driver:", err)
		os.Exit(2)
	}
}
