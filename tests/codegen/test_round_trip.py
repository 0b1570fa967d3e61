"""Values come back from rows and records as they were, for every kind of field."""

import subprocess
import sys
from pathlib import Path

from toolcrib.codegen import generate

INPUT = Path(__file__).parents[1] / "golden" / "every_kind" / "input"

# In a process of its own: each golden case has a file of the same name, and protobuf keeps them all in one pool.
PROGRAM = """
import sys
from datetime import UTC, datetime

sys.path.insert(0, sys.argv[1])

from google.protobuf.message import Message
from pydantic import ValidationError
from sqlalchemy import MetaData

from plant.a.v1.a_pb2 import Sensor
from plant.a.v1.sensor_mapping import sensor_from_row, sensor_to_row
from plant.a.v1.sensor_record import SensorRecord, SensorState, State
from plant.a.v1.sensor_table import sensor_table

full = Sensor(
    id=-(2**63), a_bool=True, an_int32=-(2**31), a_sint32=2**31 - 1, a_sfixed32=-1, an_int64=2**63 - 1,
    a_sint64=-(2**63), a_sfixed64=-1, a_uint32=2**32 - 1, a_fixed32=2**32 - 1, a_float=1.5, a_double=-0.0,
    a_string="\\0\\u00b5 ' %", some_bytes=b"\\0\\xff", state=Sensor.STATE_OFF, unit_state=77,
    maybe_bool=False, maybe_int32=0, maybe_sint64=0, maybe_fixed32=0, maybe_float=0, maybe_double=5e-324,
    maybe_string="", maybe_bytes=b"", maybe_state=0,
)
full.calibration_time.FromDatetime(datetime(1, 1, 1, tzinfo=UTC))
full.maybe_time.FromDatetime(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
empty = Sensor(id=1, a_double=float("inf"))

for message in (full, empty):
    message.create_time.SetInParent()
    message.update_time.FromJsonString("2026-11-21T04:24:37.123456Z")
    row = sensor_to_row(message)
    columns = sensor_table(MetaData()).columns.keys()
    assert columns[len(row):] == ["delete_time", "toolcrib_revision"], columns
    again = sensor_from_row([*row, None, 7])
    assert again.etag == "7"
    again.ClearField("etag")
    assert again.SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True)

    record = SensorRecord.from_message(message)
    assert record.to_message().SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True)
    assert SensorRecord(**record.model_dump()) == record

deleted = sensor_from_row([*sensor_to_row(full), datetime(2026, 1, 2, tzinfo=UTC), 8])
assert deleted.delete_time.ToJsonString() == "2026-01-02T00:00:00Z"
assert not sensor_from_row([*sensor_to_row(empty), None, 8]).HasField("maybe_time")

record = SensorRecord.from_message(full)
assert record.state is SensorState.STATE_OFF
assert record.unit_state == 77 and not isinstance(record.unit_state, State)
assert SensorRecord().unit_state is State.UNSPECIFIED
for field, value in {"a_uint32": -1, "an_int32": 2**31, "maybe_sint64": 2**63, "state": 2**31, "unknown": 1}.items():
    try:
        SensorRecord(**{field: value})
    except ValidationError:
        continue
    raise AssertionError(field)
"""


def test_every_kind(tmp_path: Path) -> None:
    generate(INPUT, tmp_path)
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
