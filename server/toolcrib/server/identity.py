"""Who calls, for whom, and why: from the client's certificate, from the call's metadata, or from the settings."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID

from toolcrib.server.call import ActorSource, Caller
from toolcrib.server.errors import InvalidRequest
from toolcrib.server.tenants import TENANT_CHARACTERS_MAX

ACTOR_CHARACTERS_MAX = 200
REASON_CHARACTERS_MAX = 1000

_ACTOR_KEYS = ("x-actor", "x-actor-bin", "x-user", "x-user-bin")
_TENANT_KEYS = ("x-tenant", "x-tenant-bin")
_REASON_KEYS = ("x-change-reason", "x-change-reason-bin")
_BINARY = "-bin"
_REMEMBERED = 512
# In this order of preference; the names are gRPC's (auth_context).
_CERTIFICATE_NAMES = ("x509_common_name", "x509_subject_alternative_name")
_CERTIFICATE = "x509_pem_cert"
_SAID_ONCE = {**dict.fromkeys(_ACTOR_KEYS, "INVALID_ACTOR"), **dict.fromkeys(_TENANT_KEYS, "INVALID_TENANT")}

Metadata = tuple[tuple[str, str | bytes], ...]
AuthContext = Callable[[], Mapping[str, Iterable[bytes]]]


class Said(NamedTuple):
    """What metadata says of who calls."""

    actor: str
    tenant: str
    reason: str
    metadata: Mapping[str, str]


class Identity:
    """Establishes who answers for a call.

    A verified client certificate outranks metadata, and metadata counts only where the network is trusted;
    `default_actor` stands in where neither names anyone. The tenant comes from where the actor does; nothing stands in
    for it. `operators` are the actors who may ask what is of all tenants, in calls without one.
    """

    def __init__(
        self,
        *,
        trust_metadata: bool,
        verify_certificates: bool,
        default_actor: str | None,
        operators: Collection[str] = (),
    ) -> None:
        self._trust_metadata = trust_metadata
        self._verify_certificates = verify_certificates
        self._default_actor = default_actor or ""
        self._operators = frozenset(operators)
        # A client sends the same with every call; reading it takes longer than looking it up.
        self._read = lru_cache(maxsize=_REMEMBERED)(self._read_metadata)

    def establish(self, metadata: Metadata, auth_context: AuthContext, peer: str) -> Caller:
        """Who calls, for whom, and why.

        Raises InvalidRequest where metadata contradicts itself, is too long or is not text.
        """
        actor, tenant, reason, values = self._read(metadata)
        source = ActorSource.METADATA
        if self._verify_certificates:
            shown = auth_context()
            tenant = _certificate_tenant(next(iter(shown.get(_CERTIFICATE) or ()), b""))
            if name := _certificate_name(shown):
                actor, source = name, ActorSource.CERTIFICATE
        if not actor:
            actor = self._default_actor
            source = ActorSource.DEFAULT if actor else ActorSource.UNKNOWN
        # Nobody is an operator by default.
        is_operator = not tenant and source is not ActorSource.DEFAULT and actor in self._operators
        return Caller(actor, source, reason, peer, values, tenant, is_operator)

    def _read_metadata(self, metadata: Metadata) -> Said:
        values = _once_each(metadata)
        # Behind mutual TLS the certificate speaks, and what metadata says of the actor is not even read.
        believed = self._trust_metadata and not self._verify_certificates
        return Said(
            _text("INVALID_ACTOR", values, _ACTOR_KEYS, ACTOR_CHARACTERS_MAX) if believed else "",
            _text("INVALID_TENANT", values, _TENANT_KEYS, TENANT_CHARACTERS_MAX) if believed else "",
            _text("INVALID_REASON", values, _REASON_KEYS, REASON_CHARACTERS_MAX),
            {key: value for key, value in values.items() if isinstance(value, str)},
        )


def _once_each(metadata: Metadata) -> dict[str, str | bytes]:
    values: dict[str, str | bytes] = {}
    for key, value in metadata:
        # A proxy that adds a name to the caller's own must not decide silently whose word counts.
        if key in _SAID_ONCE and values.get(key, value) != value:
            raise _refuse(_SAID_ONCE[key], key, "is sent twice with different values; send one of them")
        values[key] = value
    return values


def _certificate_name(auth_context: Mapping[str, Iterable[bytes]]) -> str:
    for key in _CERTIFICATE_NAMES:
        for name in auth_context.get(key) or ():
            if name:
                return name.decode(errors="replace")
    return ""


@lru_cache(maxsize=_REMEMBERED)
def _certificate_tenant(pem: bytes) -> str:
    """The organization (O) that the authority has written into a verified certificate; empty unless it is one."""
    if not pem:
        return ""
    names = x509.load_pem_x509_certificate(pem).subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(names[0].value) if len(names) == 1 else ""


def _text(refusal: str, metadata: Mapping[str, str | bytes], keys: tuple[str, ...], characters_max: int) -> str:
    """The one value that `keys` have; empty where none is sent."""
    found: dict[str, str] = {}
    for key in keys:
        value = metadata.get(key)
        if value is None:
            continue
        text = _decode(refusal, key, value).strip()
        if len(text) > characters_max:
            raise _refuse(refusal, key, f"has {len(text)} characters; the most are {characters_max}")
        if not text.isprintable() and any(unicodedata.category(character) == "Cc" for character in text):
            raise _refuse(refusal, key, "holds control characters")
        if text:
            found[text] = key
    if len(found) > 1:
        raise _refuse(refusal, " and ".join(found.values()), "say different things; send one of them")
    return next(iter(found), "")


def _decode(refusal: str, key: str, value: str | bytes) -> str:
    if isinstance(value, str):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        hint = "" if key.endswith(_BINARY) else f"; text outside ASCII goes into {key}{_BINARY}"
        raise _refuse(refusal, key, f"is not UTF-8{hint}") from error


def _refuse(refusal: str, key: str, description: str) -> InvalidRequest:
    return InvalidRequest(refusal, [], message=f"the metadata {key} {description}")
