"""Clients that nobody here wrote, which know the schema from the server's reflection only."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(sysconfig.get_path("scripts"))
SERVICE = "plant.recipes.v1.RecipeService"


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Grpcurl:
    """grpcurl, which speaks plain gRPC."""

    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
        answer = run(
            SCRIPTS / "grpcurl", "-plaintext", "-H", "x-actor: ann", "-d", json.dumps(request), self._address, method
        )
        decoded: dict[str, Any] = json.loads(answer)
        return decoded


class BufCurl:
    """buf curl, over gRPC."""

    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
        answer = run(
            *(SCRIPTS / "buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge"),
            *("-H", "x-actor: ann", "-d", json.dumps(request), f"http://{self._address}/{method}"),
        )
        decoded: dict[str, Any] = json.loads(answer)
        return decoded


@pytest.mark.parametrize("client", [Grpcurl, BufCurl])
def test_they_create_list_and_check_health_by_reflection(address: str, client: type[Grpcurl | BufCurl]) -> None:
    peer = client(address)
    created = peer.call(f"{SERVICE}/CreateRecipe", {"recipe": {"name": "bracket", "speedMmS": 120}})
    assert (created["name"], created["etag"]) == ("bracket", "1")
    listed = peer.call(f"{SERVICE}/ListRecipes", {"pageSize": 10})
    assert listed["recipes"] == [created]
    assert peer.call("grpc.health.v1.Health/Check", {"service": SERVICE}) == {"status": "SERVING"}
    entries = peer.call("toolcrib.audit.v1.AuditService/ListAuditEntries", {"actor": "ann"})["entries"]
    assert entries[0]["after"]["name"] == "bracket"


def test_services_and_their_methods_are_listed(address: str) -> None:
    services = run(SCRIPTS / "grpcurl", "-plaintext", address, "list").split()
    shared = {"toolcrib.audit.v1.AuditService", "toolcrib.watch.v1.WatchService", "grpc.health.v1.Health"}
    assert {SERVICE, *shared} <= set(services)
    methods = run(SCRIPTS / "grpcurl", "-plaintext", address, "list", SERVICE).split()
    some = {"UndeleteRecipe", "CountRecipes", "ExplainRecipes", "RollbackRecipe", "WatchRecipes"}
    assert {f"{SERVICE}.{name}" for name in some} <= set(methods)
    assert len(methods) == 17


def test_a_refusal_comes_with_details(address: str) -> None:
    asked = ["-plaintext", "-H", "x-actor: ann", "-d", '{"recipe": {"name": ""}}', address, f"{SERVICE}/CreateRecipe"]
    done = subprocess.run([SCRIPTS / "grpcurl", *asked], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "InvalidArgument" in done.stderr
    assert "recipe.speed_mm_s" in done.stderr
