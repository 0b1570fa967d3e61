"""The folder that C++ clients are built in: the .proto files beside the clients, a CMake file, a README."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from toolcrib.codegen.cpp.emit_client import client_path
from toolcrib.codegen.cpp.names import namespace, parameter
from toolcrib.codegen.model import Component, History, Kind
from toolcrib.codegen.writer import HEADER

if TYPE_CHECKING:
    from toolcrib.codegen.languages import Sources

_CMAKE = """\
# {header}

cmake_minimum_required(VERSION 3.16)
project(toolcrib_components LANGUAGES CXX)

# A project around this one may have the runtime already.
if(NOT COMMAND toolcrib_add_components)
  find_package(toolcrib REQUIRED)
endif()

toolcrib_add_components(toolcrib_components FILES
{files})
"""

_README = """\
<!-- {header} -->

# The C++ clients

A header for each component (`{client}`), and the `.proto` files that your own protoc makes its messages of.

## Build

What is needed: a compiler of C++17, CMake 3.16, gRPC for C++ 1.51 or newer with its protoc; on Debian and Ubuntu

    apt install g++ cmake libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc

and Toolcrib's runtime, from the folder `clients/cpp` of its sources:

    cmake -S clients/cpp -B build/toolcrib -DCMAKE_BUILD_TYPE=Release -DTOOLCRIB_BUILD_TESTS=OFF
    cmake --build build/toolcrib --parallel 2
    cmake --install build/toolcrib --prefix /opt/toolcrib

Then, in your own `CMakeLists.txt` (configured with `-DCMAKE_PREFIX_PATH=/opt/toolcrib`):

```cmake
cmake_minimum_required(VERSION 3.16)
project(controller LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 17)

find_package(toolcrib REQUIRED)
add_subdirectory(cpp)  # this folder
add_executable(controller controller.cpp)
target_link_libraries(controller PRIVATE toolcrib_components)
```

## Connect, and a first call

```cpp
#include <iostream>

#include "{client}"

int main() {{
  const auto crib = toolcrib::Crib::Connect("127.0.0.1:50051").AsActor("ann");
  crib.WaitReady();
  const {space}::{name}Client {plural}(crib);
  std::cout << {plural}.Count() << " records\\n";
  for (const {space}::{name}& record : {plural}.List()) std::cout << record.ShortDebugString() << "\\n";
}}
```
{watch}
## Errors

Methods throw `toolcrib::Error`, with `code()`, `reason()` (for programs), `message()` (for people), `violations()` and
more. Each has a twin that answers a `toolcrib::Result` instead:

```cpp
if (const auto record = {plural}.TryGet({key})) {{
  std::cout << record.value().ShortDebugString() << "\\n";
}} else if (record.error().code() == toolcrib::Code::NOT_FOUND) {{
  std::cout << "there is none\\n";
}}
```
"""

_WATCH = """
## Watch

```cpp
auto watch = {plural}.Watch(toolcrib::WithSnapshot);
for (const {space}::{name}& record : watch.Snapshot()) std::cout << record.ShortDebugString() << "\\n";
while (const auto commit = watch.Next()) std::cout << commit->revision << " by " << commit->actor << "\\n";
```

`toolcrib::AsyncWatch` does the same on a thread of its own, and calls back.
"""


def project_files(sources: Sources) -> Mapping[str, bytes]:
    """All but the clients, by their paths."""
    protos = sorted(sources.protos)
    files = "\n".join(f"  {path}" for path in protos)
    cmake = _CMAKE.format(header=HEADER, files=files)
    return {
        **sources.protos,
        "CMakeLists.txt": cmake.encode(),
        "README.md": _readme(sources.schema.components[0]).encode(),
    }


def _readme(component: Component) -> str:
    """The README; its examples are about the first component."""
    terms = {
        "header": HEADER,
        "client": client_path(component),
        "space": namespace(component),
        "name": component.name,
        "plural": parameter(component.plural),
        "key": _example_key(component),
    }
    watch = "" if component.history is History.NONE else _WATCH.format(**terms)
    return _README.format(**terms, watch=watch)


def _example_key(component: Component) -> str:
    values = ['"A"' if field.kind is Kind.STRING else "7" for field in component.key]
    return values[0] if len(values) == 1 else "{" + ", ".join(values) + "}"
