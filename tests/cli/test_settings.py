"""Where settings come from, what is refused, and that each is documented and a flag."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.plant import ROOT
from toolcrib.cli.serve import serve
from toolcrib.cli.settings_file import settings_file
from toolcrib.server.addresses import is_loopback
from toolcrib.server.errors import StartError
from toolcrib.server.settings import Settings
from toolcrib.server.settings_sources import SettingsError, load_settings

FIELDS = list(Settings.model_fields)


def refusal(config: Path | None = None, **flags: Any) -> str:
    with pytest.raises(SettingsError) as failure:
        load_settings(config, **flags)
    assert "\n" not in str(failure.value)
    return str(failure.value)


def test_a_flag_outranks_the_environment_and_the_environment_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().queue_max == 10_000
    Path("toolcrib.toml").write_text("queue_max = 11\nreader_lanes = 11\nstop_grace_s = 11\n")
    monkeypatch.setenv("TOOLCRIB_READER_LANES", "12")
    monkeypatch.setenv("TOOLCRIB_STOP_GRACE_S", "12")
    settings = load_settings(stop_grace_s=13)
    assert (settings.queue_max, settings.reader_lanes, settings.stop_grace_s) == (11, 12, 13)


def test_a_flag_that_is_none_and_a_variable_that_is_empty_count_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLCRIB_QUEUE_MAX", "")
    Path("toolcrib.toml").write_text("queue_max = 11\n")
    assert load_settings(queue_max=None).queue_max == 11


def test_the_file_may_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text("queue_max = 1\n")
    second.write_text("queue_max = 2\n")
    monkeypatch.setenv("TOOLCRIB_CONFIG", str(first))
    assert load_settings().queue_max == 1
    assert load_settings(second).queue_max == 2
    first.unlink()
    assert "TOOLCRIB_CONFIG" in refusal()
    assert "--config" in refusal(tmp_path / "third.toml")


def test_an_unknown_name_in_the_file_is_refused_with_the_nearest() -> None:
    Path("toolcrib.toml").write_text('adress = "127.0.0.1:1"\n')
    assert refusal() == "toolcrib.toml: there is no setting `adress`; did you mean `address`?"


def test_a_table_in_the_file_is_refused() -> None:
    Path("toolcrib.toml").write_text("[server]\nqueue_max = 1\n")
    assert "there is no setting `server`" in refusal()


@pytest.mark.parametrize("content", [b"queue_max =", b"\xff\xfe", b"queue_max = 1\nqueue_max = 2\n"])
def test_a_file_that_is_no_toml_is_refused(content: bytes) -> None:
    Path("toolcrib.toml").write_bytes(content)
    assert refusal().startswith("toolcrib.toml is not valid TOML")


def test_a_refusal_says_where_the_value_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("toolcrib.toml").write_text("queue_max = 0\n")
    assert refusal().startswith("toolcrib.toml: queue_max must be greater than or equal to 1")
    monkeypatch.setenv("TOOLCRIB_QUEUE_MAX", "many")
    assert refusal().startswith("TOOLCRIB_QUEUE_MAX must be a valid integer")
    assert refusal(queue_max=0).startswith("--queue-max must be greater")


def test_an_unknown_flag_is_refused() -> None:
    assert "did you mean `address`?" in refusal(adress="127.0.0.1:1")


@pytest.mark.parametrize(
    "address",
    ["", "50051", ":50051", "localhost", "localhost:", "127.0.0.1:x", "::1:50051", "[::1]", "a:b:1", "127.0.0.1:65536"],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    assert refusal(address=address).startswith("--address ")


@pytest.mark.parametrize(
    "address", ["127.0.0.1:0", "[::1]:50051", "0.0.0.0:65535", "press.plant:1", "unix:/run/x.sock"]
)
def test_an_address_is_taken(address: str) -> None:
    assert load_settings(address=address).address == address


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"reader_lanes": 0}, "greater than or equal to 1"),
        ({"reader_lanes": 65}, "less than or equal to 64"),
        ({"group_commit_max": 0}, "greater than or equal to 1"),
        ({"message_bytes_max": 1}, "greater than or equal to 1024"),
        ({"busy_timeout_s": -1}, "greater than or equal to 0"),
        ({"busy_timeout_s": float("nan")}, "not nan"),
        ({"stop_grace_s": float("inf")}, "less than or equal to 3600"),
        ({"health_interval_s": 0}, "greater than or equal to 0.01"),
        ({"log_level": "loud"}, "'debug', 'info', 'warning' or 'error'"),
        ({"database": " "}, "is empty"),
        ({"default_actor": "  "}, "printable"),
        ({"default_actor": "x" * 201}, "1 to 200"),
        ({"default_actor": "a\nb"}, "printable"),
        ({"tls_key": "absent.pem"}, "absent.pem, which is no file"),
    ],
)
def test_a_value_out_of_bounds_is_refused(flags: dict[str, Any], says: str) -> None:
    message = refusal(**flags)
    assert message.startswith(f"--{next(iter(flags)).replace('_', '-')} ")
    assert says in message


def test_certificate_and_key_belong_together() -> None:
    pem = Path("x.pem")
    pem.touch()
    assert "tls_certificate is set without tls_key" in refusal(tls_certificate=pem)
    assert "tls_key is set without tls_certificate" in refusal(tls_key=pem)
    assert "tls_client_ca is set without" in refusal(tls_client_ca=pem)
    assert load_settings(tls_certificate=pem, tls_key=pem, tls_client_ca=pem).tls_client_ca == pem


def test_all_that_is_wrong_is_said_at_once() -> None:
    message = refusal(reader_lanes=0, queue_max=0)
    assert "--reader-lanes" in message
    assert "--queue-max" in message


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().queue_max = 1


def test_a_settings_error_is_a_reason_not_to_start() -> None:
    assert issubclass(SettingsError, StartError)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.8.9.1:1", "localhost:1", "LocalHost:1", "[::1]:1", "unix:x"])
def test_loopback(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "localhost.plant:1", "127.0.0.1.plant:1", "127.evil.plant:1", ":1", ""],
)
def test_not_loopback(address: str) -> None:
    assert not is_loopback(address)


@given(st.text())
def test_whatever_the_address_loopback_has_an_answer(text: str) -> None:
    assert isinstance(is_loopback(text), bool)


def test_every_setting_is_a_flag_of_serve() -> None:
    assert set(FIELDS) <= set(inspect.signature(serve).parameters)


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*)$", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE))
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "not set" if default is None else f"`{str(default).lower() if default in (True, False) else default}`"
        assert rows[name].startswith(f"{shown} |"), name
        assert rows[name].endswith(f"| {field.description} |"), name


def test_the_file_of_a_new_project_has_every_setting_and_can_be_read() -> None:
    text = settings_file()
    names = re.findall(r"^# (\w+) = ", text, re.MULTILINE)
    assert names == FIELDS
    # As when somebody takes every # away; certificates and keys are not there to be named.
    lines = [line[2:] for line in text.splitlines() if re.match(r"# (?!tls_|retention_key)\w+ = ", line)]
    Path("toolcrib.toml").write_text("\n".join(lines))
    defaults = Settings()
    assert load_settings() == defaults.model_copy(
        update={"default_actor": "line 3", "trust_metadata": True, "operators": "ann, bob"}
    )


def test_variables_of_no_setting_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLCRIB_UNHEARD_OF", "1")
    assert load_settings() == Settings()
    assert "TOOLCRIB_UNHEARD_OF" in os.environ
