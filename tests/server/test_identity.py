"""Who is taken to be the actor of a call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
import trustme

from plant.recipes.v1.recipe_pb2 import Recipe
from plant.recipes.v1.recipe_service_pb2 import CreateRecipeRequest, ListRecipesRequest
from support.plant import COMPONENTS, Plant, plant, refused
from toolcrib.audit.v1 import audit_pb2
from toolcrib.server import StartError
from toolcrib.server.testing import serve


def create(crib: Plant, *metadata: tuple[str, str | bytes]) -> tuple[str, int]:
    """Creates a recipe with this metadata; answers actor and source of its audit entry."""
    crib.recipes.CreateRecipe(CreateRecipeRequest(recipe=Recipe(name="x", speed_mm_s=1)), metadata=metadata)
    entry = crib.entries()[-1]
    return entry.actor, entry.actor_source


class TestMetadata:
    @pytest.mark.parametrize(
        ("metadata", "actor"),
        [
            ((("x-actor", "ann"),), "ann"),
            ((("x-user", "bob"),), "bob"),
            ((("x-actor-bin", "Jürgen Weiß".encode()),), "Jürgen Weiß"),
            ((("x-actor", "ann"), ("x-user", "ann")), "ann"),
            ((("x-actor", ""), ("x-user", "bob")), "bob"),
        ],
    )
    def test_names_the_actor_on_loopback(
        self, crib: Plant, metadata: tuple[tuple[str, str | bytes], ...], actor: str
    ) -> None:
        assert create(crib, *metadata) == (actor, audit_pb2.ACTOR_SOURCE_METADATA)

    @pytest.mark.parametrize(
        ("metadata", "reason"),
        [
            ((("x-actor", "ann"), ("x-user", "bob")), "INVALID_ACTOR"),
            ((("x-actor", "ann"), ("x-actor", "bob")), "INVALID_ACTOR"),
            ((("x-actor-bin", b"\xff\xfe"),), "INVALID_ACTOR"),
            ((("x-actor", "a" * 201),), "INVALID_ACTOR"),
            ((("x-actor-bin", b"a\x00b"),), "INVALID_ACTOR"),
            ((("x-actor", "ann"), ("x-change-reason", "r" * 1001)), "INVALID_REASON"),
        ],
    )
    def test_that_contradicts_itself_or_is_no_name_is_refused(
        self, crib: Plant, metadata: tuple[tuple[str, str | bytes], ...], reason: str
    ) -> None:
        with refused(grpc.StatusCode.INVALID_ARGUMENT, reason):
            create(crib, *metadata)
        assert crib.revision() == 0


class TestWithoutAnActor:
    def test_reads_are_answered_and_writes_refused(self, crib: Plant) -> None:
        crib.recipes.ListRecipes(ListRecipesRequest(), metadata=())
        with refused(grpc.StatusCode.UNAUTHENTICATED, "ACTOR_REQUIRED") as refusal:
            create(crib)
        assert "x-actor" in refusal.message
        assert crib.revision() == 0

    def test_the_default_actor_of_the_settings_stands_in(self) -> None:
        with serve(COMPONENTS, default_actor="line 3") as server, plant(server.address) as crib:
            assert create(crib) == ("line 3", audit_pb2.ACTOR_SOURCE_DEFAULT)
            crib.recipes.CreateRecipe(
                CreateRecipeRequest(recipe=Recipe(name="y", speed_mm_s=1)), metadata=(("x-actor", "ann"),)
            )
            assert crib.entries()[-1].actor == "ann"

    def test_a_network_that_is_not_trusted_names_nobody(self) -> None:
        with (
            serve(COMPONENTS, trust_metadata=False) as server,
            plant(server.address) as crib,
            refused(grpc.StatusCode.UNAUTHENTICATED, "ACTOR_REQUIRED"),
        ):
            create(crib, ("x-actor", "ann"))


class Authority:
    """A certificate authority with a server's certificate on disk."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.files = {name: folder / f"{name}.pem" for name in ("certificate", "key", "ca")}
        server = self.ca.issue_cert("localhost", "127.0.0.1")
        self.files["certificate"].write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
        self.files["key"].write_bytes(server.private_key_pem.bytes())
        self.files["ca"].write_bytes(self.ca.cert_pem.bytes())

    @contextmanager
    def client(self, address: str, name: str | None, *, actor: str = "") -> Iterator[Plant]:
        """A client with a certificate in this name, or without one."""
        key = chain = None
        if name is not None:
            issued = self.ca.issue_cert("client.plant", common_name=name)
            key = issued.private_key_pem.bytes()
            chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        credentials = grpc.ssl_channel_credentials(self.ca.cert_pem.bytes(), key, chain)
        with grpc.secure_channel(address, credentials) as channel:
            yield Plant(channel, actor=actor)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


class TestCertificates:
    def test_the_name_in_a_verified_certificate_outranks_metadata(self, authority: Authority) -> None:
        files = authority.files
        with (
            serve(
                COMPONENTS,
                tls_certificate=files["certificate"],
                tls_key=files["key"],
                tls_client_ca=files["ca"],
            ) as server,
            authority.client(server.address, "controller-7") as crib,
        ):
            assert create(crib, ("x-actor", "mallory")) == ("controller-7", audit_pb2.ACTOR_SOURCE_CERTIFICATE)

    def test_a_client_without_a_certificate_is_not_let_in(self, authority: Authority) -> None:
        files = authority.files
        with (
            serve(
                COMPONENTS,
                tls_certificate=files["certificate"],
                tls_key=files["key"],
                tls_client_ca=files["ca"],
            ) as server,
            authority.client(server.address, None) as crib,
            pytest.raises(grpc.RpcError) as failure,
        ):
            crib.recipes.ListRecipes(ListRecipesRequest())
        assert isinstance(failure.value, grpc.Call)
        assert failure.value.code() == grpc.StatusCode.UNAVAILABLE

    def test_tls_without_client_certificates_leaves_the_actor_to_metadata(self, authority: Authority) -> None:
        files = authority.files
        with (
            serve(COMPONENTS, tls_certificate=files["certificate"], tls_key=files["key"]) as server,
            authority.client(server.address, None) as crib,
        ):
            assert create(crib, ("x-actor", "ann")) == ("ann", audit_pb2.ACTOR_SOURCE_METADATA)


class TestTheNetwork:
    def test_an_open_bind_without_tls_is_refused(self) -> None:
        with pytest.raises(StartError, match="allow_insecure_bind"), serve(COMPONENTS, address="0.0.0.0:0"):
            pass

    def test_allowed_by_name_it_serves_and_believes_no_metadata(self) -> None:
        with serve(COMPONENTS, address="0.0.0.0:0", allow_insecure_bind=True) as server:
            port = server.address.rpartition(":")[2]
            with plant(f"127.0.0.1:{port}") as crib, refused(grpc.StatusCode.UNAUTHENTICATED, "ACTOR_REQUIRED"):
                create(crib, ("x-actor", "ann"))
