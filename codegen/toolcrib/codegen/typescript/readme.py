"""The README of a folder of TypeScript clients."""

from __future__ import annotations

_TEXT = """\
# TypeScript clients

Written by `toolcrib generate --typescript` for Node.js 20 and newer, and for browsers; do not edit. `npm run build`
makes the types of the messages (`*_pb.ts`, by protoc-gen-es) from `components.binpb`, and compiles all into `dist/`.

## Build

    npm install
    npm run build

The folder `toolcrib` is `@toolcrib/client`, what the clients run on. A program of yours uses both:

    npm install /path/to/this/folder /path/to/this/folder/toolcrib

## The first call

```ts
import {{ connect }} from "@toolcrib/client/node";
import {{ {name}Client }} from "toolcrib-components/{path}";

const crib = connect("127.0.0.1:50051", {{ actor: "ann" }});
const {records} = new {name}Client(crib);
for await (const each of {records}.list({{ pageSize: 100 }})) {{
  console.log(each);
}}
crib.close();
```

Each method takes what it has to be given, and then an object with those fields of its request that need not be;
integers of 64 bits are `bigint`. `crib.withReason("...")`, `crib.asActor("...")` and `crib.withTimeout(2_000)` are
cheap views.

## Watch

Where the component has a watch, it goes on by itself behind a lost connection, without gap and without repeat:

```ts
import {{ Begin }} from "@toolcrib/client";

await using watch = {records}.watch({{ start: Begin.withSnapshot }});
console.log(await watch.snapshot());
for await (const change of watch) {{
  console.log(change.kindName, change.record, change.commit.actor);
}}
```

## Errors

Whatever fails is a `ToolcribError`:

```ts
import {{ ToolcribError }} from "@toolcrib/client";

try {{
  await {records}.create({{}});
}} catch (error) {{
  if (!(error instanceof ToolcribError)) throw error;
  console.log(error.code, error.reason, error.message);
  for (const violation of error.violations) console.log(violation.field, violation.description);
}}
```
"""


def readme(name: str, records: str, path: str) -> str:
    """The text, with the component `name` as its example, whose client is in the file `path`."""
    return _TEXT.format(name=name, records=records, path=path.removesuffix(".ts") + ".js")
