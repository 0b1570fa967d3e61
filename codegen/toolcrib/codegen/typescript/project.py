"""What a folder of TypeScript clients has besides them: all that `npm install` and `npm run build` need.

package.json, tsconfig.json   the package, which has the runtime as its workspace
components.binpb              the descriptors of components and services, for protoc-gen-es
buf.gen.yaml                  has buf run that
toolcrib/                     the runtime, @toolcrib/client
README.md
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toolcrib.codegen.typescript.layout import LINE_LENGTH
from toolcrib.codegen.typescript.names import camel_case, client_path
from toolcrib.codegen.typescript.readme import readme
from toolcrib.codegen.typescript.runtime import runtime_files, runtime_package
from toolcrib.codegen.writer import HEADER

if TYPE_CHECKING:
    from toolcrib.codegen.languages import Sources

# Descriptors of the components, of their services and of all that these import, for protoc-gen-es.
DESCRIPTORS = "components.binpb"

# Which buf runs protoc-gen-es; all else is in the versions that the runtime is tested with.
_BUF = "1.75.0"
_TOOLS = ("@bufbuild/protoc-gen-es", "@types/node", "typescript")

_COMPILER = """\
{
  "compilerOptions": {
    "target": "ES2022",
    "lib": ["ES2022", "ESNext.Disposable", "DOM"],
    "types": [],
    "module": "NodeNext",
    "rootDir": ".",
    "outDir": "dist",
    "declaration": true,
    "sourceMap": true,
    "strict": true,
    "exactOptionalPropertyTypes": true,
    "noUncheckedIndexedAccess": true,
    "verbatimModuleSyntax": true
  },
  "include": ["**/*.ts"],
  "exclude": ["node_modules", "dist", "toolcrib"]
}
"""

_BUF_TEMPLATE = f"""# {HEADER}
version: v2
inputs:
  - binary_image: {DESCRIPTORS}
    # These come with @bufbuild/protobuf and with @toolcrib/client.
    exclude_paths:
      - google
      - toolcrib
plugins:
  - local: protoc-gen-es
    out: .
    opt:
      - target=ts
      - import_extension=js
      - rewrite_imports=./toolcrib/**/*_pb.js:@toolcrib/client/protos
"""


def project_files(sources: Sources) -> Mapping[str, bytes]:
    """The files besides the clients, by their paths."""
    component = sources.schema.components[0]
    texts = {
        ".gitignore": "dist/\nnode_modules/\ntoolcrib/build/\n*_pb.ts\n",
        "README.md": readme(component.name, camel_case(component.plural), client_path(component)),
        "buf.gen.yaml": _BUF_TEMPLATE,
        "package.json": json.dumps(_package(), indent=2) + "\n",
        "tsconfig.json": _COMPILER,
    }
    return {
        **{path: text.encode() for path, text in texts.items()},
        DESCRIPTORS: sources.described().SerializeToString(deterministic=True),
        **{f"toolcrib/{path}": content for path, content in runtime_files().items()},
    }


def _package() -> Mapping[str, Any]:
    runtime = runtime_package()
    tools = {name: runtime["devDependencies"][name] for name in _TOOLS}
    return {
        "name": "toolcrib-components",
        "version": "0.0.0",
        "private": True,
        "type": "module",
        "engines": runtime["engines"],
        "exports": {"./*.js": "./dist/*.js"},
        "workspaces": ["toolcrib"],
        "scripts": {"generate": "buf generate", "build": "buf generate && tsc -p toolcrib && tsc"},
        "dependencies": {
            "@bufbuild/protobuf": runtime["dependencies"]["@bufbuild/protobuf"],
            runtime["name"]: runtime["version"],
        },
        "devDependencies": {"@bufbuild/buf": _BUF, **tools},
        "prettier": {"printWidth": LINE_LENGTH},
    }
