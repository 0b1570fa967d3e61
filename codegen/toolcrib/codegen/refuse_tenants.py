"""What is refused between components whose records are each a tenant's own, and those that all tenants share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from toolcrib.codegen.components import ON_DELETE
from toolcrib.codegen.declared import DeclaredField, DeclaredMessage
from toolcrib.codegen.model import OnDelete
from toolcrib.codegen.problems import Problem


def tenant_problems(components: Iterable[DeclaredMessage]) -> Iterator[Problem]:
    """Everything by which the records of a tenant would show beyond it, or another tenant's call reach them."""
    by_name = {message.full_name: message for message in components}
    for message in by_name.values():
        if _is_multi_tenant(message) and message.option is not None and message.option.audit_direct_writes:
            yield message.place.problem(
                "`multi_tenant` and `audit_direct_writes` do not go together, as whoever writes by SQL has no tenant; "
                "leave out one of them"
            )
        for field in message.fields:
            if field.references in by_name:
                yield from _reference_problems(message, field, by_name[field.references])
            elif field.relation is not None and not _is_multi_tenant(message):
                yield from _relation_problems(message, field, by_name)


def _reference_problems(message: DeclaredMessage, field: DeclaredField, target: DeclaredMessage) -> Iterator[Problem]:
    is_own, is_targets_own = _is_multi_tenant(message), _is_multi_tenant(target)
    if is_targets_own and not is_own:
        yield field.place.problem(
            f"`{field.name}` refers to {target.full_name}, whose records are each a tenant's own, and those of "
            f"{message.full_name} are shared by all tenants; make {message.name} `multi_tenant` too, or leave out "
            "`references`"
        )
    on_delete = ON_DELETE.get(field.on_delete, OnDelete.RESTRICT)
    if is_own and not is_targets_own and on_delete is not OnDelete.RESTRICT:
        yield field.place.problem(
            f"the delete of one record of {target.full_name}, which all tenants share, would reach into the records of "
            f"every tenant by `{field.name}`; leave out ON_DELETE_{on_delete.name}, so that one in use cannot be "
            f"deleted, or make {target.name} `multi_tenant` too"
        )


def _relation_problems(
    message: DeclaredMessage, field: DeclaredField, components: Mapping[str, DeclaredMessage]
) -> Iterator[Problem]:
    through = field.relation.through if field.relation else ""
    shown = next((name for name in (through, field.type) if _is_multi_tenant(components.get(name))), None)
    if shown is not None:
        yield field.place.problem(
            f"`{field.name}` would show records of {shown}, which are each a tenant's own, in those of "
            f"{message.full_name}, which all tenants share; list {shown} with a filter instead, or make {message.name} "
            "`multi_tenant` too"
        )


def _is_multi_tenant(message: DeclaredMessage | None) -> bool:
    return message is not None and message.option is not None and message.option.multi_tenant
