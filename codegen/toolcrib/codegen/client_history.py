"""The methods of the generated Python clients about how records were, and how they change."""

from __future__ import annotations

from dataclasses import dataclass

from toolcrib.codegen.client_writer import ALL_PAGES_NOTE, ETAG_NOTE, RUNTIME, WRITE, WRITE_PASSED, ClientWriter
from toolcrib.codegen.layout import call
from toolcrib.codegen.python_names import key_parameters
from toolcrib.codegen.service import service_methods

_WATCH_NOTE = (
    "Of records of which all conditions hold: their changes, and how they come to be such and cease to be. Nothing is "
    "asked before the watch is iterated over."
)
_BOUND_NAMES = ("start_revision", "end_revision")
_BOUNDS = ["start_revision: int", "end_revision: int = 0"]
_BOUNDS_NOTE = "A `start_revision` of 0 is before all, an `end_revision` of 0 is now."


@dataclass(frozen=True, slots=True)
class HistoryMethods(ClientWriter):
    """Writes them."""

    def watch(self) -> None:
        """Follows changes."""
        writer, name = self.writer, f"Watch{self.component.plural_name}"
        watch = writer.use(RUNTIME, "AsyncWatch" if self.asynchronous else "Watch")
        asked = f"{writer.use('typing', 'Unpack')}[{writer.use(RUNTIME, 'Watching')}]"
        selection = self.keywords("filter", "query")[1:]
        conditions = f"*conditions: {writer.use(RUNTIME, 'Condition')}"
        comment = next(method.comment for method in service_methods(self.component) if method.name == name)
        writer.line()
        parameters = ["self", conditions, *selection, f"**asked: {asked}"]
        with writer.function("def watch", parameters, f"{watch}[{self.message}]"):
            writer.docstring(f"{comment}\n\n{_WATCH_NOTE}")
            request = [self.service(f"{name}Request"), "conditions", "filter", "query", "asked"]
            built = call(writer.use(RUNTIME, "watch_request"), *request)
            writer.statement(call(watch, "self._crib", f"self._stub.{name}", built), before="return ")

    def revisions(self) -> None:
        """Lists the versions of a record."""
        one = self.component.name
        revision, request = self.service(f"{one}Revision"), self.service(f"List{one}RevisionsRequest")
        given = [f"{field.name}={field.name}" for field in self.component.key]
        given += ["page_size=page_size", "oldest_first=oldest_first"]
        parameters = [*key_parameters(self.component), *self.keywords("oldest_first", "page_size")]
        self.paged("revisions", f"List{one}Revisions", parameters, revision, call(request, *given))

    def diffs(self) -> None:
        """Compares one record, or all of them, at two revisions."""
        one = self.component.name
        diff = self.service(f"{one}Diff")
        with self.method("diff", f"Diff{one}", [*key_parameters(self.component), *_BOUNDS], diff, _BOUNDS_NOTE):
            self.answer("read", f"Diff{one}", self.keyed_request("Diff", *_BOUND_NAMES))
        passed = [f"{name}={name}" for name in (*_BOUND_NAMES, "page_size")]
        request = call(self.service(f"List{one}DiffsRequest"), *passed)
        note = f"{_BOUNDS_NOTE} {ALL_PAGES_NOTE}"
        self.paged("diffs", f"List{one}Diffs", [*_BOUNDS, *self.keywords("page_size")], diff, request, note)

    def rollback(self) -> None:
        """Makes a record as it was."""
        name, included = f"Rollback{self.component.name}", ["include"] if self.component.relations else []
        given = [*(f"{field.name}={field.name}" for field in self.component.key), "revision=revision", "etag=etag"]
        given += [f"include={self.writer.use(RUNTIME, 'field_mask')}(include)"] if included else []
        parameters = [*key_parameters(self.component), "revision: int", *self.keywords("etag", *included, *WRITE)]
        with self.method("rollback", name, parameters, self.message, ETAG_NOTE):
            self.answer("write", name, call(self.service(f"{name}Request"), *given, *WRITE_PASSED))
