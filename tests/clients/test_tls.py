"""Encrypted connections, with certificates made here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import trustme
from google.protobuf.empty_pb2 import Empty

from support.both_clients import KINDS, Client, connected
from support.fake_server import FakeServer, fake_server
from toolcrib.client import Tls, Unavailable

SERVER_NAME = "press-7.plant.example"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the plant's certificates."""
    return trustme.CA()


@pytest.fixture
def tls_server(authority: trustme.CA) -> Iterator[FakeServer]:
    """A server with a certificate."""
    with fake_server(grpc.ssl_server_credentials([_pair(authority.issue_cert("127.0.0.1"))])) as running:
        running.will_answer(Empty())
        yield running


@pytest.fixture
def mutual_server(authority: trustme.CA) -> Iterator[FakeServer]:
    """A server that asks its clients for their certificates too."""
    pair, roots = _pair(authority.issue_cert("127.0.0.1")), authority.cert_pem.bytes()
    credentials = grpc.ssl_server_credentials([pair], root_certificates=roots, require_client_auth=True)
    with fake_server(credentials) as running:
        running.will_answer(Empty())
        yield running


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_is_encrypted(kind: str, tls_server: FakeServer, authority: trustme.CA) -> None:
    with connected(kind, tls_server.address, tls=Tls(authority.cert_pem.bytes())) as client:
        call(client)
    assert tls_server.received[-1].certificate_names == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_is_known_by_its_certificate(kind: str, mutual_server: FakeServer, authority: trustme.CA) -> None:
    key, certificate = _pair(authority.issue_cert("ann.plant.example", common_name="ann"))
    tls = Tls(root_certificates=authority.cert_pem.bytes(), certificate=certificate, key=key)
    with connected(kind, mutual_server.address, tls=tls) as client:
        call(client)
    assert mutual_server.received[-1].certificate_names == ("ann",)


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_without_a_certificate_is_not_let_in(
    kind: str, mutual_server: FakeServer, authority: trustme.CA
) -> None:
    tls = Tls(authority.cert_pem.bytes())
    with connected(kind, mutual_server.address, tls=tls, timeout_s=2) as client, pytest.raises(Unavailable):
        call(client)
    assert mutual_server.received == []


@pytest.mark.parametrize("kind", KINDS)
def test_certificates_can_be_files(kind: str, mutual_server: FakeServer, authority: trustme.CA, tmp_path: Path) -> None:
    own = authority.issue_cert("ann.plant.example", common_name="ann")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "ann.pem")
    own.private_key_pem.write_to_path(tmp_path / "ann.key")
    tls = Tls(tmp_path / "ca.pem", tmp_path / "ann.pem", str(tmp_path / "ann.key"))
    with connected(kind, mutual_server.address, tls=tls) as client:
        call(client)
    assert mutual_server.received[-1].certificate_names == ("ann",)


def test_the_server_can_have_another_name_than_its_address(authority: trustme.CA) -> None:
    credentials = grpc.ssl_server_credentials([_pair(authority.issue_cert(SERVER_NAME))])
    roots = authority.cert_pem.bytes()
    with fake_server(credentials) as server:
        server.will_answer(Empty())
        with (
            connected("synchronous", server.address, tls=Tls(roots), timeout_s=1) as client,
            pytest.raises(Unavailable),
        ):
            call(client)
        with connected("synchronous", server.address, tls=Tls(roots, server_name=SERVER_NAME)) as client:
            call(client)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_of_another_authority_is_not_spoken_to(kind: str, tls_server: FakeServer) -> None:
    stranger = Tls(root_certificates=trustme.CA().cert_pem.bytes())
    with connected(kind, tls_server.address, tls=stranger, timeout_s=2) as client, pytest.raises(Unavailable):
        call(client)
    assert tls_server.received == []


def test_a_certificate_without_its_key_is_refused() -> None:
    with pytest.raises(ValueError, match="give both or neither"):
        Tls(certificate=b"certificate")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.pem"):
        Tls(tmp_path / "missing.pem").credentials()


def call(client: Client) -> None:
    """Any call."""
    method = client.crib.channel.unary_unary("/any/Method")
    client.run(lambda crib: crib.with_retry_writes(False).write(method, b""))


def _pair(certificate: trustme.LeafCert) -> tuple[bytes, bytes]:
    """Key and certificate."""
    return certificate.private_key_pem.bytes(), certificate.cert_chain_pems[0].bytes()
