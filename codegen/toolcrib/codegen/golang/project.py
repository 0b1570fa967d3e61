"""What a generated Go module has besides its clients: all that `go generate` and `go build` need.

go.mod, go.sum     requirements, in the versions that the runtime was tested with
components.binpb   the descriptors of components and services, for protoc's plugins
generate.go        has `go generate` write the messages
toolcrib/          the runtime, a module of its own that go.mod leads to
README.md
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from toolcrib.codegen.golang.collisions import refuse_collisions
from toolcrib.codegen.golang.go_package import place_packages
from toolcrib.codegen.golang.readme import readme_text
from toolcrib.codegen.golang.runtime import runtime_files
from toolcrib.codegen.writer import HEADER

if TYPE_CHECKING:
    from toolcrib.codegen.languages import Sources

# As `go mod tidy` leaves them for components of every kind; `make -C clients/go generate` writes them anew.
_REQUIREMENTS = Path(__file__).with_name("requirements")


def project_files(sources: Sources) -> Mapping[str, bytes]:
    """The files by their paths in the module. Raises GenerateError."""
    described = sources.described()
    refuse_collisions(sources.schema, described)
    module = place_packages(described, frozenset(sources.protos))
    texts = {
        "README.md": readme_text(sources.schema.components[0], module),
        "generate.go": _generate_go(module),
        "go.mod": f"module {module}\n\n{(_REQUIREMENTS / 'go.mod.txt').read_text('utf-8')}",
        "go.sum": (_REQUIREMENTS / "go.sum.txt").read_text("utf-8"),
    }
    return {
        **{name: text.encode() for name, text in texts.items()},
        "components.binpb": described.SerializeToString(deterministic=True),
        **{f"toolcrib/{name}": content for name, content in runtime_files().items()},
    }


def _generate_go(module: str) -> str:
    return (
        f"// {HEADER}\n\n"
        "// Package components holds the clients of components, each in the folder of its .proto; `go generate`\n"
        "// writes the messages that they are about.\n"
        "package components\n\n"
        f"//go:generate go tool toolcrib-messages -module {module} components.binpb\n"
    )
