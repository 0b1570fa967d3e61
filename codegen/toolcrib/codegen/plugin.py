"""`protoc-gen-toolcrib`: the generator as a plugin of protoc and buf.

    protoc --toolcrib_out=gen --toolcrib_opt=python,server ...

It always writes the services' .proto files; `server` adds what a server needs, and `python`, `cpp`, `typescript` and
`go` the typed clients. What is refused comes out as protoc's own errors do.
"""

from __future__ import annotations

import sys

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from toolcrib.codegen.components import schema_of
from toolcrib.codegen.descriptors import is_generated, read_files
from toolcrib.codegen.emitters import Target, emit
from toolcrib.codegen.nearest import did_you_mean
from toolcrib.codegen.problems import GenerateError, Problem
from toolcrib.codegen.refusals import refuse

_PARAMETERS = {target.value: target for target in Target if target is not Target.SERVICE}


def main() -> None:
    """Reads the request on standard input and answers on standard output, as protoc expects."""
    request = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    sys.stdout.buffer.write(respond(request).SerializeToString(deterministic=True))


def respond(request: CodeGeneratorRequest) -> CodeGeneratorResponse:
    """The generated files, or why there are none."""
    response = CodeGeneratorResponse(supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL)
    try:
        targets = _targets(request.parameter)
        by_name = {file.name: file for file in request.proto_file}
        names = sorted(name for name in request.file_to_generate if not is_generated(by_name[name]))
        files = read_files(FileDescriptorSet(file=request.proto_file), names)
        refuse(files)
        for path, text in emit(schema_of(files), targets).items():
            response.file.add(name=path, content=text)
    except GenerateError as error:
        response.error = str(error)
    return response


def _targets(parameter: str) -> frozenset[Target]:
    """The targets that the parameter names, `python,server`."""
    names = [name.strip() for name in parameter.split(",") if name.strip()]
    unknown = [name for name in names if name not in _PARAMETERS]
    if unknown:
        text = f"protoc-gen-toolcrib has no parameter `{unknown[0]}`{did_you_mean(unknown[0], _PARAMETERS)}"
        raise GenerateError([Problem("", 0, 0, text)])
    return frozenset({Target.SERVICE, *(_PARAMETERS[name] for name in names)})


if __name__ == "__main__":
    main()
