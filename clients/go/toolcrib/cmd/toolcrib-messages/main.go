// Command toolcrib-messages writes the Go code of messages and services, with the plugins of protobuf and gRPC.
//
//	go tool toolcrib-messages -module example.com/plant components.binpb
//
// It stands in for protoc, whose parser it does not need: it reads descriptors, as `toolcrib generate --go` writes them,
// and hands them to `go tool protoc-gen-go` and `go tool protoc-gen-go-grpc`, in the versions that go.mod names. It
// writes the files whose go_package is in the module, into the current folder.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

var plugins = [...]string{"protoc-gen-go", "protoc-gen-go-grpc"}

func main() {
	module := flag.String("module", "", "path of the Go module in the current folder")
	flag.Parse()
	if *module == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: go tool toolcrib-messages -module PATH DESCRIPTORS")
		os.Exit(2)
	}
	if err := write(*module, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "toolcrib-messages:", err)
		os.Exit(1)
	}
}

// write writes the code of all files of the module.
func write(module, descriptors string) error {
	request, err := readRequest(module, descriptors)
	if err != nil {
		return err
	}
	for _, plugin := range plugins {
		response, err := run(plugin, request)
		if err != nil {
			return fmt.Errorf("%s: %w", plugin, err)
		}
		for _, file := range response.GetFile() {
			path := filepath.FromSlash(file.GetName())
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte(file.GetContent()), 0o666); err != nil {
				return err
			}
		}
	}
	return nil
}

// readRequest is what protoc would ask its plugins.
func readRequest(module, descriptors string) ([]byte, error) {
	content, err := os.ReadFile(descriptors)
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(content, &set); err != nil {
		return nil, fmt.Errorf("%s holds no descriptors: %w", descriptors, err)
	}
	request := &pluginpb.CodeGeneratorRequest{
		Parameter: proto.String("module=" + module),
		ProtoFile: set.GetFile(),
	}
	for _, file := range set.GetFile() {
		if strings.HasPrefix(file.GetOptions().GetGoPackage(), module+"/") {
			request.FileToGenerate = append(request.FileToGenerate, file.GetName())
		}
	}
	if len(request.FileToGenerate) == 0 {
		return nil, fmt.Errorf("no file of %s has a go_package in %s", descriptors, module)
	}
	return proto.Marshal(request)
}

// run runs a plugin.
func run(plugin string, request []byte) (*pluginpb.CodeGeneratorResponse, error) {
	command := exec.Command("go", "tool", plugin)
	command.Stdin = bytes.NewReader(request)
	command.Stderr = os.Stderr
	answer, err := command.Output()
	if err != nil {
		return nil, err
	}
	response := new(pluginpb.CodeGeneratorResponse)
	if err := proto.Unmarshal(answer, response); err != nil {
		return nil, err
	}
	if response.Error != nil {
		return nil, errors.New(response.GetError())
	}
	return response, nil
}
