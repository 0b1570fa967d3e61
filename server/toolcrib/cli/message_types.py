"""The records inside audit entries, read with the message types that the server tells by reflection.

So the command line shows records of components that it has no generated code for.
"""

from __future__ import annotations

import json
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

_LARGE_INTEGERS = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)


class MessageTypes:
    """Message types of one server, asked for once each."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        self._known: dict[str, type[Message] | None] = {}

    def values(self, record: AnyMessage) -> dict[str, Any] | None:
        """The record as JSON spells it; None where the server does not tell its type.

        Fields are named as in the .proto. Those that know whether they are set are left out where they are not.
        """
        message = self._unpack(record)
        return None if message is None else self._to_dict(message)

    def texts(self, record: AnyMessage) -> dict[str, str] | None:
        """The same for people, a text for each field: in JSON the large integers would be in quotes."""
        message = self._unpack(record)
        if message is None:
            return None
        values = self._to_dict(message)
        for field in message.DESCRIPTOR.fields:
            if field.cpp_type in _LARGE_INTEGERS and isinstance(values.get(field.name), str):
                values[field.name] = int(values[field.name])
        return {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}

    def _to_dict(self, message: Message) -> dict[str, Any]:
        return MessageToDict(
            message,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
            descriptor_pool=self._pool,
        )

    def _unpack(self, record: AnyMessage) -> Message | None:
        message_type = self._find(record.type_url.rpartition("/")[2])
        return None if message_type is None else message_type.FromString(record.value)

    def _find(self, name: str) -> type[Message] | None:
        if name not in self._known:
            try:
                self._known[name] = GetMessageClass(self._pool.FindMessageTypeByName(name))
            except (KeyError, grpc.RpcError):
                # A component that is no longer served, or a server that was told to keep its types to itself.
                self._known[name] = None
        return self._known[name]
